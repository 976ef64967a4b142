package dev.kiln.stages.gemm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.stages.codegen.BatchedGraph;
import dev.kiln.stages.codegen.GraphBatch.Effort;
import dev.kiln.stages.codegen.GraphRunner.Setup;
import dev.kiln.stages.codegen.Kernel;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The same products in every way that they may be cut up: variants, caches, threads, instruction sets. */
class CpuGemmBlockingTest {
    private static final Setup HERE = Setup.of(CpuInfo.detect().bestIsa(), Effort.FAST).withPoison();
    /** More than any product has: they are taken in turn. */
    private static final int VARIANTS = 6;

    private static List<GemmCase> products() {
        List<GemmCase> cases = new ArrayList<>();
        for (DType dtype : List.of(DType.F32, DType.BF16, DType.F16)) {
            cases.add(GemmCase.of("relu to an odd width", dtype, g -> g.call("relu", g.linear(g.rows(71, 261), 131, 261, true))));
            cases.add(GemmCase.of("few rows and columns, long sums", dtype,
                g -> g.linear(g.rows(2, 1000), 2, 1000, true)).fixed());
            cases.add(GemmCase.of("batches", dtype,
                g -> g.call("mul.Scalar", g.call("bmm", g.rows(3, 37, 64), g.input(3, 64, 65)), 0.125)).fixed());
        }
        cases.addAll(QuantizedCases.of(DType.BF16).stream().filter(c -> c.name().contains("17 rows")
            || c.name().contains("33 rows")).map(GemmCase::fixed).toList());
        cases.addAll(QuantizedCases.of(DType.F32).stream().filter(c -> c.name().contains("i8, 17x67"))
            .map(GemmCase::fixed).toList());
        return cases;
    }

    @TestFactory
    Stream<DynamicTest> agreesInSmallBlocks() {
        return GemmCase.tests(products(), HERE.withCaches(512, 2048).withThreads(3));
    }

    @TestFactory
    Stream<DynamicTest> agreesOnWeakerInstructionSets() {
        return GemmCase.tests(products().stream().map(GemmCase::fixed).toList(), CpuGemmTest.instructionSets().filter(i -> i != CpuInfo.detect().bestIsa())
            .map(i -> Setup.of(i, Effort.FAST).withPoison()).toArray(Setup[]::new));
    }

    @TestFactory
    Stream<DynamicTest> agreesInAnotherVariant() {
        return GemmCase.tests(products(), HERE.withVariant(1).withThreads(1));
    }

    @TestFactory
    @Tag("nightly")
    Stream<DynamicTest> agreesInEveryVariantOfEveryInstructionSetOnAnyThreads() {
        List<GemmCase> products = products().stream().map(GemmCase::fixed).toList();
        return CpuGemmTest.instructionSets().flatMap(i -> GemmCase.tests(products, IntStream.range(0, VARIANTS)
            .mapToObj(v -> Setup.of(i, Effort.FULL).withPoison().withVariant(v).withThreads(1 + v % 3)
                .withCaches(v * 700, v * 4000))
            .toArray(Setup[]::new)));
    }

    @Test
    void writesKernelsOfTheSameProductOnce() {
        GemmNet net = new GemmNet(1, DType.F32, GemmNet.Form.FIXED);
        Arg.Ref first = net.linear(net.rows(16, 64), 96, 64, true);
        Arg.Ref second = net.linear(first, 64, 96, true);
        Arg.Ref third = net.linear(second, 96, 64, true);
        BatchedGraph compiled = BatchedGraph.of(net.program(List.of(third)).graph(), CpuInfo.detect().bestIsa());
        List<Kernel> linears = compiled.code().kernels().stream().filter(k -> k.kind() == Kernel.Kind.LINEAR).toList();
        assertThat(linears).hasSize(2);
        assertThat(compiled.code().launches()).hasSize(3);
    }
}
