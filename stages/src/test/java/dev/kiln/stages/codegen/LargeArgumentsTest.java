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
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sine, cosine and tangent of large numbers among small ones, in each kind of kernel: these rows are done again. */
class LargeArgumentsTest {
    private static final List<String> GRAPHS = List.of("""
            %x = placeholder "x" : T[6, 70]
            %s = aten.sin.default(%x) : T[6, 70]
            %c = aten.cos.default(%x) : T[6, 70]
            %t = aten.tan.default(%x) : T[6, 70]
            return "s": %s, "c": %c, "t": %t
            """, """
            %x = placeholder "x" : T[6, 70]
            %s = aten.sin.default(%x) : T[6, 70]
            %a = aten.amax.default(%s, [-1], true) : T[6, 1]
            %d = aten.sub.Tensor(%s, %a, 1) : T[6, 70]
            %y = aten.sum.dim_IntList(%d, [0], false, none) : T[70]
            return "d": %d, "y": %y
            """, """
            %x = placeholder "x" : T[6, 70]
            %t = aten.transpose.int(%x, 0, 1) : T[70, 6]
            %s = aten.cos.default(%t) : T[70, 6]
            %y = aten.clone.default(%s) : T[70, 6]
            return "y": %y
            """, """
            %x = placeholder "x" : T[6, 70]
            %w = placeholder "w" : T[70, 33]
            %p = aten.mm.default(%x, %w) : T[6, 33]
            %y = aten.sin.default(%p) : T[6, 33]
            return "y": %y
            """);

    @ParameterizedTest
    @ValueSource(strings = {"f32", "f64"})
    void areExactInEveryKindOfKernel(String type) {
        DType dtype = DType.parse(type).orElseThrow();
        ConstantValue x = ConstantValue.allocate(dtype, List.of(6L, 70L));
        ConstantValue w = ConstantValue.allocate(dtype, List.of(70L, 33L));
        Random random = new Random(11);
        for (int i = 0; i < x.numel(); i++) {
            boolean large = i % 70 == i / 70;
            x.set(i, large ? Math.scalb(random.nextDouble(-1, 1), 20 + random.nextInt(100)) : random.nextGaussian());
        }
        for (int i = 0; i < 33; i++) {
            w.set(i * 33L + i, 1L);
        }
        for (Isa isa : List.of(CpuInfo.detect().bestIsa(), Isa.AVX2, Isa.BASELINE)) {
            List<GraphRunner.Program> programs = GRAPHS.stream().map(g -> new GraphRunner.Program(
                GraphText.parse(g.replace("T[", type + "[")), Map.of("x", x, "w", w))).toList();
            var results = new GraphRunner(isa, Effort.FULL).prepare(programs);
            for (int i = 0; i < programs.size(); i++) {
                assertClose(programs.get(i).graph(), results.get(i).get(), Map.of("x", x, "w", w));
            }
        }
    }

    private static void assertClose(Graph graph, Map<String, ConstantValue> actual,
            Map<String, ConstantValue> inputs) {
        Interpreter.run(graph, inputs).forEach((name, expected) -> {
            double unit = expected.dtype() == DType.F32 ? 1e-6 : 1e-15;
            for (long i = 0; i < expected.numel(); i++) {
                double want = expected.doubleAt(i);
                assertThat(Math.abs(actual.get(name).doubleAt(i) - want)).as("%s[%d] of\n%s", name, i, graph)
                    .isLessThanOrEqualTo(unit * Math.max(4, Math.abs(want)));
            }
        });
    }
}
