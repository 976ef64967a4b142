package dev.kiln.stages.codegen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.kernels.runtime.NativeCallException;
import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphText;
import dev.kiln.ops.graph.GraphVerifier;
import dev.kiln.ops.interpreter.Interpreter;
import dev.kiln.stages.codegen.GraphBatch.Effort;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** Graphs whose sizes come from data: text, interpreter and generated code. */
class DataSizeTest {
    private static final String CHAIN = """
        symbol s0 in [1, inf] hint 8
        symbol u0 in [0, inf] hint 32 unbacked limit 4*s0
        %x = placeholder "x" : f32[s0, 4]
        %gt = aten.gt.Scalar(%x, 0) : b8[s0, 4]
        %some = aten.masked_select.default(%x, %gt) : f32[u0]
        %twice = aten.mul.Scalar(%some, 2) : f32[u0]
        %row = aten.view.default(%twice, [1, u0]) : f32[1, u0]
        %column = aten.view.default(%some, [u0, 1]) : f32[u0, 1]
        %outer = aten.mul.Tensor(%row, %column) : f32[u0, u0]
        %sum = aten.sum.dim_IntList(%outer, [0], false, none) : f32[u0]
        %pad = aten.full.default([u0], 1, i64, none, none, none) : i64[u0]
        %both = aten.cat.default([%some, %some], 0) : f32[2*u0]
        return "some": %some, "sum": %sum, "pad": %pad, "both": %both
        """;

    private static final String TWO = """
        symbol u0 in [0, inf] hint 6 unbacked limit 6
        symbol u1 in [0, inf] hint 6 unbacked limit 6
        assert u0 == u1  # "aten.add.Tensor"
        %a = placeholder "a" : f32[6]
        %b = placeholder "b" : f32[6]
        %p = aten.gt.Scalar(%a, 0) : b8[6]
        %q = aten.gt.Scalar(%b, 0) : b8[6]
        %x = aten.masked_select.default(%a, %p) : f32[u0]
        %y = aten.masked_select.default(%b, %q) : f32[u1]
        %z = aten.add.Tensor(%x, %y, 1) : f32[u0]
        return "z": %z
        """;

    private static final String NUMBER = """
        symbol u0 in [0, 10] hint 10 unbacked
        %n = placeholder "n" : i64[1]
        %size = kiln.bind_size.default(%n, u0) : i64[]
        %y = aten.arange.start_step(0, u0, 1, none, none, none, none) : i64[u0]
        return "y": %y
        """;

    private static ConstantValue floats(Random random, long... sizes) {
        ConstantValue value = ConstantValue.allocate(DType.F32, java.util.Arrays.stream(sizes).boxed().toList());
        for (long i = 0; i < value.numel(); i++) {
            value.set(i, random == null ? -1 : random.nextDouble() - 0.5);
        }
        return value;
    }

    private static ConstantValue number(long n) {
        ConstantValue value = ConstantValue.allocate(DType.I64, List.of(1L));
        value.set(0, n);
        return value;
    }

    private static List<Supplier<Map<String, ConstantValue>>> compile(String text, List<Map<String, ConstantValue>> inputs) {
        Graph graph = GraphText.parse(text);
        return new GraphRunner(CpuInfo.detect().bestIsa(), Effort.FAST)
            .prepare(inputs.stream().map(i -> new GraphRunner.Program(graph, i)).toList());
    }

    @Test
    void textRoundTripsAndVerifies() {
        for (String text : List.of(CHAIN, TWO, NUMBER)) {
            Graph graph = GraphText.parse(text);
            assertThat(graph).hasToString(text);
            GraphVerifier.verify(graph, "as parsed");
            assertThat(graph).hasToString(text);
        }
    }

    @Test
    void laterLoopsUseTheSizeThatWasComputed() {
        Random random = new Random(3);
        List<Map<String, ConstantValue>> inputs = new ArrayList<>();
        for (long rows : List.of(1L, 5L, 8L, 200L)) {
            inputs.add(Map.of("x", floats(random, rows, 4)));
        }
        inputs.add(Map.of("x", floats(null, 7, 4)));
        List<Supplier<Map<String, ConstantValue>>> results = compile(CHAIN, inputs);
        for (int i = 0; i < inputs.size(); i++) {
            Map<String, ConstantValue> expected = Interpreter.run(GraphText.parse(CHAIN), inputs.get(i));
            Map<String, ConstantValue> actual = results.get(i).get();
            for (String name : expected.keySet()) {
                assertThat(actual.get(name).sizes()).as(name).isEqualTo(expected.get(name).sizes());
                for (long e = 0; e < expected.get(name).numel(); e++) {
                    assertThat(actual.get(name).doubleAt(e)).as(name)
                        .isCloseTo(expected.get(name).doubleAt(e), org.assertj.core.data.Offset.offset(1e-4));
                }
            }
        }
        assertThat(results.getLast().get().get("some").numel()).isZero();
    }

    @Test
    void sizesThatMustBeEqualAreCheckedAtRunTime() {
        ConstantValue three = floats(null, 6);
        ConstantValue two = floats(null, 6);
        three.set(0, 1);
        three.set(2, 2);
        three.set(5, 3);
        two.set(1, 1);
        two.set(4, 1);
        List<Supplier<Map<String, ConstantValue>>> results = compile(TWO,
            List.of(Map.of("a", three, "b", three), Map.of("a", three, "b", two)));
        assertThat(results.getFirst().get().get("z").doubleAt(2)).isEqualTo(6);
        assertThatThrownBy(() -> results.getLast().get()).isInstanceOfSatisfying(NativeCallException.class,
            e -> assertThat(e.code()).isEqualTo(16));
        assertThatThrownBy(() -> Interpreter.run(GraphText.parse(TWO), Map.of("a", three, "b", two)))
            .isInstanceOf(KilnException.BadInput.class).hasMessageContaining("u0 == u1, which aten.add.Tensor needs");
    }

    @Test
    void aNumberBecomesASizeWithinItsRange() {
        List<Supplier<Map<String, ConstantValue>>> results = compile(NUMBER,
            List.of(Map.of("n", number(4)), Map.of("n", number(0)), Map.of("n", number(11)), Map.of("n", number(-1))));
        assertThat(results.get(0).get().get("y").longAt(3)).isEqualTo(3);
        assertThat(results.get(1).get().get("y").numel()).isZero();
        for (int i = 2; i < 4; i++) {
            Supplier<Map<String, ConstantValue>> result = results.get(i);
            assertThatThrownBy(result::get).isInstanceOfSatisfying(NativeCallException.class,
                e -> assertThat(e.code()).isEqualTo(3));
        }
        assertThatThrownBy(() -> Interpreter.run(GraphText.parse(NUMBER), Map.of("n", number(11))))
            .isInstanceOf(KilnException.BadInput.class).hasMessageContaining("u0 = 11");
    }

    @Test
    void memoryNeedsALimit() {
        String text = NUMBER.replace("[0, 10]", "[0, inf]").replace("return", """
            %z = aten.sum.dim_IntList(%y, [0], false, none) : i64[]
            %w = aten.add.Tensor(%y, %z, 1) : i64[u0]
            return""").replace("\"y\": %y", "\"z\": %z");
        assertThat(compile(text, List.of(Map.of("n", number(4)))).getFirst().get().get("z").longAt(0)).isEqualTo(6);
        String stored = text.replace("\"z\": %z", "\"w\": %w");
        Graph graph = GraphText.parse(stored.replace("%w = aten.add.Tensor(%y, %z, 1) : i64[u0]",
            "%w = aten.cumsum.default(%y, 0, none) : i64[u0]\n%v = aten.mul.Tensor(%w, %w) : i64[u0]")
            .replace("\"w\": %w", "\"v\": %v"));
        assertThatThrownBy(() -> BatchedGraph.of(graph, CpuInfo.detect().bestIsa()))
            .isInstanceOf(KilnException.Unsupported.class).hasMessageContaining("no upper limit");
    }
}
