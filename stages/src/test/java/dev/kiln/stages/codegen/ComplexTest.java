package dev.kiln.stages.codegen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.interpreter.Interpreter;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.codegen.GraphBatch.Effort;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** Complex inputs and outputs, and Fourier transforms of lengths that are not known. */
class ComplexTest {
    private static List<Supplier<Map<String, ConstantValue>>> compile(Graph graph, List<Map<String, ConstantValue>> inputs) {
        return new GraphRunner(CpuInfo.detect().bestIsa(), Effort.FAST)
            .prepare(inputs.stream().map(i -> new GraphRunner.Program(graph, i)).toList());
    }

    private static ConstantValue random(DType dtype, long seed, Long... sizes) {
        Random random = new Random(seed);
        long numbers = List.of(sizes).stream().reduce(1L, (a, b) -> a * b) * dtype.bytes() / dtype.part().bytes();
        ConstantValue value = ConstantValue.allocate(dtype.part(), List.of(numbers));
        for (long i = 0; i < numbers; i++) {
            value.set(i, random.nextGaussian());
        }
        return value.view(dtype, List.of(sizes));
    }

    private static void assertClose(ConstantValue expected, ConstantValue actual, double tolerance) {
        assertThat(actual.dtype()).isEqualTo(expected.dtype());
        assertThat(actual.sizes()).isEqualTo(expected.sizes());
        DType part = expected.dtype().part();
        List<Long> flat = List.of(expected.data().byteSize() / part.bytes());
        for (long i = 0; i < flat.getFirst(); i++) {
            assertThat(actual.view(part, flat).doubleAt(i)).isCloseTo(expected.view(part, flat).doubleAt(i),
                Offset.offset(tolerance));
        }
    }

    /** One kernel for every length: smooth ones, primes and multiples of large primes. */
    @Test
    void transformsLinesOfAnyLength() {
        GraphBuilder g = new GraphBuilder(new ShapeEnv());
        SymInt n = g.shapes().backed("s0", 2, 5000, 64);
        Arg.Ref x = g.placeholder("x", FakeTensor.contiguous(DType.F64, List.of(SymInt.of(3), n)));
        Arg.Ref spectrum = g.call("aten._fft_r2c.default", x, Arg.ints(1), 1, true);
        g.output("spectrum", spectrum);
        g.output("back", g.call("aten._fft_c2r.default", spectrum, Arg.ints(1), 1, n));
        Graph graph = g.build();
        List<Map<String, ConstantValue>> inputs = List.of(2L, 3L, 64L, 105L, 31L, 37L, 97L, 194L, 210L, 341L).stream()
            .map(length -> Map.of("x", random(DType.F64, length, 3L, length))).toList();
        List<Supplier<Map<String, ConstantValue>>> results = compile(graph, inputs);
        for (int i = 0; i < inputs.size(); i++) {
            Map<String, ConstantValue> actual = results.get(i).get();
            assertClose(Interpreter.run(graph, inputs.get(i)).get("spectrum"), actual.get("spectrum"), 1e-12);
            assertClose(inputs.get(i).get("x"), actual.get("back"), 1e-13);
        }
    }

    @Test
    void complexTensorsGoInAndOut() {
        GraphBuilder g = new GraphBuilder(new ShapeEnv());
        FakeTensor dense = FakeTensor.contiguous(DType.C64, List.of(SymInt.of(3), SymInt.of(5)));
        Arg.Ref x = g.placeholder("x", dense);
        ConstantValue one = random(DType.C64, 9, 1L);
        ConstantValue many = random(DType.C64, 8, 5L);
        g.output("same", x);
        g.output("row", g.call("aten.select.int", x, 0, 1));
        g.output("scaled", g.call("aten.mul.Tensor", g.call("aten.mul.Tensor", x, g.constant("many", many)),
            g.constant("one", one)));
        g.output("kept", g.call("aten.view.default", g.constant("other", many), Arg.ints(5, 1)));
        Graph graph = g.build();
        Map<String, ConstantValue> inputs = Map.of("x", random(DType.C64, 7, 3L, 5L));
        Map<String, ConstantValue> actual = compile(graph, List.of(inputs)).getFirst().get();
        Interpreter.run(graph, inputs).forEach((name, value) -> assertClose(value, actual.get(name), 1e-5));
        assertThat(actual.get("same")).isEqualTo(inputs.get("x"));
    }

    @Test
    void whatIsNotDefinedForComplexNumbersIsRefused() {
        GraphBuilder g = new GraphBuilder(new ShapeEnv());
        Arg.Ref x = g.placeholder("x", FakeTensor.contiguous(DType.C64, 4));
        assertThatThrownBy(() -> g.call("aten.cumsum.default", x, 0)).isInstanceOf(KilnException.Unsupported.class)
            .hasMessage("aten.cumsum.default of complex numbers is not supported; compute with the parts that"
                + " aten.view_as_real.default gives");
        assertThatThrownBy(() -> g.call("aten.softmax.int", x, 0)).isInstanceOf(KilnException.Unsupported.class)
            .hasMessageContaining("of complex numbers");
    }
}
