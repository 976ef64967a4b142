package dev.kiln.stages.codegen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.kernels.cpu.Isa;
import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.interpreter.Interpreter;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.codegen.GraphBatch.Effort;
import dev.kiln.stages.pass.Decisions;
import dev.kiln.stages.pass.PassContext;
import dev.kiln.stages.postgrad.PostGradPasses;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** {@code _scaled_mm} with a constant weight, as exported fp8 models have it. */
class ScaledProductTest {
    private static final int ROWS = 5;
    private static final int DEPTH = 96;
    private static final int COLUMNS = 40;
    private final Random random = new Random(3);

    private ConstantValue numbers(DType dtype, double spread, long... sizes) {
        ConstantValue value = ConstantValue.allocate(dtype, java.util.Arrays.stream(sizes).boxed().toList());
        for (long i = 0; i < value.numel(); i++) {
            value.set(i, spread * (dtype.isFloat8() ? random.nextGaussian() : 0.5 + random.nextDouble()));
        }
        return value;
    }

    /** The weight lies [N, K]; scales are one number each, or one for each row and column. */
    private Graph graph(DType left, DType right, boolean byRow, boolean bias, DType out) {
        GraphBuilder g = new GraphBuilder(new ShapeEnv());
        Arg.Ref x = g.placeholder("x", FakeTensor.contiguous(left, ROWS, DEPTH));
        Arg.Ref w = g.call("aten.t.default", g.constant("w", numbers(right, 1, COLUMNS, DEPTH)));
        Arg.Ref sa = g.constant("sa", byRow ? numbers(DType.F32, 1, ROWS, 1) : numbers(DType.F32, 1));
        Arg.Ref sb = g.constant("sb", byRow ? numbers(DType.F32, 1, 1, COLUMNS) : numbers(DType.F32, 1));
        Arg.Ref b = bias ? g.constant("b", numbers(out, 3, COLUMNS)) : null;
        g.output("y", g.call("aten._scaled_mm.default", x, w, sa, sb, b, null, out, false));
        return g.build();
    }

    @Test
    void multipliesTheWeightInBf16() {
        List<GraphRunner.Program> programs = new ArrayList<>();
        for (DType left : List.of(DType.F8E4M3FN, DType.F8E5M2)) {
            for (DType right : List.of(DType.F8E4M3FN, DType.F8E5M2)) {
                for (boolean byRow : List.of(true, false)) {
                    for (DType out : List.of(DType.BF16, DType.F32)) {
                        programs.add(new GraphRunner.Program(graph(left, right, byRow, byRow == (left == right), out),
                            Map.of("x", numbers(left, 1, ROWS, DEPTH))));
                    }
                }
            }
        }
        for (Isa isa : List.of(CpuInfo.detect().bestIsa(), Isa.BASELINE)) {
            var results = new GraphRunner(isa, Effort.FAST).prepare(programs);
            for (int i = 0; i < programs.size(); i++) {
                same(Interpreter.run(programs.get(i).graph(), programs.get(i).inputs()).get("y"),
                    results.get(i).get().get("y"));
            }
        }
    }

    private static void same(ConstantValue expected, ConstantValue actual) {
        assertThat(actual.dtype()).isEqualTo(expected.dtype());
        double relative = expected.dtype() == DType.F32 ? 1e-6 : 1 / 128.0;
        for (long i = 0; i < expected.numel(); i++) {
            assertThat(actual.doubleAt(i)).isCloseTo(expected.doubleAt(i),
                within(relative * (Math.abs(expected.doubleAt(i)) + 30)));
        }
    }

    @Test
    void keepsTheWeightInBf16Only() {
        Graph graph = PostGradPasses.run(graph(DType.F8E4M3FN, DType.F8E5M2, true, true, DType.BF16),
            new PassContext(CompileOptions.defaults(), new Decisions()));
        assertThat(graph.toString()).contains("constant : bf16[96, 40]").contains("aten.mm.dtype").doesNotContain("f8e5m2")
            .doesNotContain("aten.mm.default");
    }

    /** One that is too large for the interpreter is widened all the same, and stays as it lies. */
    @Test
    void widensLargeWeights() {
        GraphBuilder g = new GraphBuilder(new ShapeEnv());
        Arg.Ref x = g.placeholder("x", FakeTensor.contiguous(DType.F8E4M3FN, 1, 2048));
        ConstantValue weight = ConstantValue.allocate(DType.F8E4M3FN, List.of(2100L, 2048L));
        weight.set(2048 + 5, -0.0625);
        Arg.Ref one = g.constant("one", ConstantValue.floats(List.of(), 1));
        g.output("y", g.call("aten._scaled_mm.default", x, g.call("aten.t.default", g.constant("w", weight)), one, one,
            null, null, DType.F32, false));
        Graph graph = PostGradPasses.run(g.build(), new PassContext(CompileOptions.defaults(), new Decisions()));
        assertThat(graph.constants()).filteredOn(c -> c.value().numel() > 1).singleElement().satisfies(c -> {
            assertThat(c.value().dtype()).isEqualTo(DType.BF16);
            assertThat(c.value().sizes()).containsExactly(2100L, 2048L);
            assertThat(c.value().doubleAt(2048 + 5)).isEqualTo(-0.0625);
        });
    }

    @Test
    void takesFloatsOf8BitsOnly() {
        assertThatThrownBy(() -> graph(DType.F8E4M3FN, DType.F32, true, true, DType.F32))
            .isInstanceOf(KilnException.BadInput.class).hasMessageContaining("floats of 8 bits expected");
    }
}
