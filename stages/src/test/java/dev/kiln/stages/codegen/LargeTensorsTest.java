package dev.kiln.stages.codegen;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.kernels.cpu.Isa;
import dev.kiln.ops.DType;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphText;
import dev.kiln.ops.interpreter.Interpreter;
import dev.kiln.stages.codegen.GraphBatch.Effort;
import dev.kiln.stages.oracle.TorchGraph;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is done for large tensors only: fetching ahead, stores past the caches; and extremes of unusual floats. */
class LargeTensorsTest {

    @ParameterizedTest
    @ValueSource(strings = {"""
            %x = placeholder "x" : f32[2900, 2897]
            %a = aten.mul.Scalar(%x, 1.5) : f32[2900, 2897]
            %b = aten.tanh.default(%a) : f32[2900, 2897]
            %y = aten.add.Tensor(%b, %x, 1) : f32[2900, 2897]
            return "y": %y
            """, """
            %x = placeholder "x" : f32[701, 1031]
            %y = aten._softmax.default(%x, 1, false) : f32[701, 1031]
            return "y": %y
            """, """
            %x = placeholder "x" : f32[3, 2801, 1024]
            %y = aten._log_softmax.default(%x, 2, false) : f32[3, 2801, 1024]
            return "y": %y
            """, """
            %x = placeholder "x" : f32[11001, 768]
            %w = placeholder "w" : f32[768]
            %y = aten.layer_norm.default(%x, [768], %w, %w, 1e-05, true) : f32[11001, 768]
            return "y": %y
            """, """
            %x = placeholder "x" : f32[9, 89, 768]
            %w = placeholder "w" : f32[768]
            %y = aten.layer_norm.default(%x, [768], %w, %w, 1e-05, true) : f32[9, 89, 768]
            return "y": %y
            """, """
            %x = placeholder "x" : f32[2905, 2890]
            %z = placeholder "z" : f32[2890, 2905]
            %t = aten.t.default(%z) : f32[2905, 2890]
            %y = aten.add.Tensor(%x, %t, 1) : f32[2905, 2890]
            return "y": %y
            """})
    void equalLibtorch(String text) {
        Graph graph = GraphText.parse(text);
        Map<String, ConstantValue> inputs = new LinkedHashMap<>();
        graph.placeholders().forEach(input -> inputs.put(input.name(), random(input.tensor().sizes().stream()
            .map(size -> size.asLong()).toList())));
        ConstantValue expected = TorchGraph.run(new GraphRunner.Program(graph, inputs)).get("y");
        float[] wanted = expected.data().toArray(ValueLayout.JAVA_FLOAT);
        for (Isa isa : List.of(CpuInfo.detect().bestIsa(), Isa.AVX2)) {
            float[] actual = run(isa, graph, inputs).data().toArray(ValueLayout.JAVA_FLOAT);
            assertThat(actual).hasSameSizeAs(wanted);
            float worst = 0;
            for (int i = 0; i < wanted.length; i++) {
                float error = Math.abs(wanted[i] - actual[i]);
                worst = error <= worst ? worst : Float.isNaN(error) ? Float.POSITIVE_INFINITY : error;
            }
            assertThat(worst).as("%s of\n%s", isa, graph).isLessThan(1e-5f);
        }
    }

    @Test
    void findsExtremesAmongUnusualFloats() {
        float negativeNan = Float.intBitsToFloat(0xffc00001);
        float[][] rows = {{-0f, 0f, -0f}, {-3, -1, -2}, {1, 5, 2}, {Float.NEGATIVE_INFINITY, -1, Float.POSITIVE_INFINITY},
            {1, Float.NaN, 2}, {-1, negativeNan, -2}, {Float.MIN_VALUE, 0, -Float.MIN_VALUE},
            {Float.NEGATIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NEGATIVE_INFINITY}};
        ConstantValue x = ConstantValue.allocate(DType.F32, List.of((long) rows.length, 40L));
        for (int r = 0; r < rows.length; r++) {
            for (int i = 0; i < 40; i++) {
                x.data().setAtIndex(ValueLayout.JAVA_FLOAT, r * 40L + i, rows[r][i % 3]);
            }
        }
        Graph graph = GraphText.parse("""
            %x = placeholder "x" : f32[8, 40]
            %a = aten.amax.default(%x, [1], false) : f32[8]
            %b = aten.amin.default(%x, [1], false) : f32[8]
            %c = aten.argmax.default(%x, 1, false) : i64[8]
            return "max": %a, "min": %b, "place": %c
            """);
        for (Isa isa : List.of(CpuInfo.detect().bestIsa(), Isa.AVX2, Isa.BASELINE)) {
            Map<String, ConstantValue> found = all(isa, graph, Map.of("x", x));
            Interpreter.run(graph, Map.of("x", x)).forEach((name, expected) -> {
                for (long i = 0; i < expected.numel(); i++) {
                    assertThat(found.get(name).doubleAt(i) + 0.0).as("%s of row %d, %s", name, i, isa)
                        .isEqualTo(Double.valueOf(expected.doubleAt(i) + 0.0));
                }
            });
        }
    }

    private static ConstantValue run(Isa isa, Graph graph, Map<String, ConstantValue> inputs) {
        return all(isa, graph, inputs).get("y");
    }

    private static Map<String, ConstantValue> all(Isa isa, Graph graph, Map<String, ConstantValue> inputs) {
        return new GraphRunner(isa, Effort.FULL).prepare(List.of(new GraphRunner.Program(graph, inputs))).getFirst()
            .get();
    }

    /** The same numbers again and again, after a prime of them, so that no two rows are alike. */
    private static ConstantValue random(List<Long> sizes) {
        ConstantValue value = ConstantValue.allocate(DType.F32, sizes);
        SplittableRandom random = new SplittableRandom(5);
        float[] numbers = new float[65_537];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (float) random.nextDouble(-4, 4);
        }
        for (long at = 0; at < value.numel(); at += numbers.length) {
            int count = (int) Math.min(numbers.length, value.numel() - at);
            MemorySegment.copy(numbers, 0, value.data(), ValueLayout.JAVA_FLOAT, 4 * at, count);
        }
        return value;
    }
}
