package dev.kiln.kernels.gemm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.kiln.kernels.cpu.Isa;
import dev.kiln.kernels.gemm.CompiledC.Effort;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class GemmTemplateTest {
    private static final int[] COLUMNS = {1, 3, 15, 16, 17, 31, 48, 65};
    private static final int[] DEPTHS = {1, 2, 7, 64, 129, 384, 513};

    static Stream<MicroGemm> registerBlocks() {
        Stream<MicroGemm> floats = Stream.of(Isa.values())
                .flatMap(isa -> MicroGemm.table(isa, ElementType.F32).stream());
        Stream<MicroGemm> others = Stream.of(ElementType.F64, ElementType.I32, ElementType.I64)
                .map(type -> MicroGemm.table(Isa.AVX2, type).getFirst());
        return Stream.concat(floats, others).distinct();
    }

    static Stream<MicroGemm> favouriteBlocks() {
        return Stream.concat(
                Stream.of(Isa.values()).map(isa -> MicroGemm.table(isa, ElementType.F32).getFirst()),
                ElementType.numbers().stream().map(type -> MicroGemm.table(Isa.AVX2, type).getLast()))
                .distinct();
    }

    @ParameterizedTest
    @MethodSource("favouriteBlocks")
    void multipliesAnyShape(MicroGemm micro) {
        int[][] shapes = IntStream.range(0, COLUMNS.length)
                .mapToObj(i -> new int[] {COLUMNS[i], DEPTHS[(3 * i + micro.mr()) % DEPTHS.length]})
                .toArray(int[][]::new);
        new GemmHarness(GemmHarness.specs(micro, shapes), Effort.FAST).checkAll(IntStream.rangeClosed(1, 40).toArray());
    }

    @Tag("nightly")
    @ParameterizedTest
    @MethodSource("registerBlocks")
    void multipliesEveryShape(MicroGemm micro) {
        int[][] shapes = IntStream.of(COLUMNS).boxed()
                .flatMap(n -> IntStream.of(DEPTHS).mapToObj(k -> new int[] {n, k})).toArray(int[][]::new);
        new GemmHarness(GemmHarness.specs(micro, shapes)).checkAll(IntStream.rangeClosed(1, 40).toArray());
    }

    @Test
    void multipliesUnderEveryBlocking() {
        new GemmHarness(blockings(), Effort.FAST).checkAll(1, 5, 6, 13, 40);
    }

    @Test
    void multipliesUnderEveryCandidate() {
        assertThat(candidates()).hasSizeGreaterThan(6);
        new GemmHarness(candidates(), Effort.FAST).checkAll(3, 64);
    }

    @Tag("nightly")
    @Test
    void multipliesUnderEveryBlockingAndCandidateAsCompiledInUse() {
        new GemmHarness(blockings(), Effort.FULL).checkAll(1, 5, 6, 13, 40);
        new GemmHarness(candidates(), Effort.FULL).checkAll(3, 64);
    }

    private static List<GemmSpec> blockings() {
        MicroGemm micro = MicroGemm.table(Isa.AVX2, ElementType.F32).getFirst();
        List<GemmSpec> specs = new ArrayList<>();
        for (int mc : new int[] {6, 12, 30}) {
            for (int nc : new int[] {16, 48, 96}) {
                for (int kc : new int[] {1, 8, 60, 129, 400}) {
                    GemmBlocking blocking = new GemmBlocking(mc, nc, kc, kc % 2 * 4);
                    specs.add(new GemmSpec("gemm_" + mc + "_" + nc + "_" + kc, micro, 65, 129, blocking));
                }
            }
        }
        return specs;
    }

    private static List<GemmSpec> candidates() {
        List<GemmSpec> specs = new ArrayList<>();
        for (MicroGemm micro : MicroGemm.table(Isa.AVX2, ElementType.F32)) {
            CacheSizes caches = new CacheSizes(4096, 32768);
            for (GemmBlocking blocking : GemmBlocking.candidates(micro, 100, 900, caches)) {
                specs.add(new GemmSpec("gemm_" + specs.size(), micro, 100, 900, blocking));
            }
        }
        return specs;
    }

    @Test
    void acceptsNoRows() {
        MicroGemm micro = MicroGemm.table(Isa.AVX2, ElementType.F32).getFirst();
        new GemmHarness(GemmHarness.specs(micro, new int[][] {{9, 9}}), Effort.FAST).checkAll(0);
    }

    @ParameterizedTest
    @MethodSource("wideBlocks")
    void usesWideFusedMultiplyAdds(MicroGemm micro) {
        GemmSpec spec = GemmHarness.specs(micro, new int[][] {{96, 384}}).getFirst();
        MicroKernels kernels = GemmTemplate.microKernels(spec);
        String loop = hottestBlock(CompiledC.assembly(kernels.unit(), Isa.AVX512),
                kernels.prefix() + "_micro_" + micro.mr());
        assertThat(loop.lines().filter(line -> line.matches("\\s*vfmadd\\w+.*%zmm\\d+.*"))).hasSize(
                MicroKernels.UNROLL * micro.mr() * micro.vectorsPerRow());
        assertThat(loop).doesNotContain("(%rsp", "(%rbp");
    }

    static List<MicroGemm> wideBlocks() {
        return MicroGemm.table(Isa.AVX512, ElementType.F32);
    }

    /** The basic block with the most multiply-adds. */
    private static String hottestBlock(String assembly, String function) {
        String body = assembly.substring(assembly.indexOf(function + ":"));
        return Stream.of(body.substring(0, body.indexOf(".Lfunc_end")).split("(?m)^\\.LBB"))
                .max(Comparator.comparingInt(block -> block.split("vfmadd").length)).orElseThrow();
    }

    @Test
    void rejectsNamesThatAreNoIdentifiers() {
        MicroGemm micro = MicroGemm.table(Isa.AVX2, ElementType.F32).getFirst();
        GemmBlocking blocking = new GemmBlocking(6, 16, 8, 0);
        assertThatIllegalArgumentException().isThrownBy(() -> new GemmSpec("a;b", micro, 8, 8, blocking));
        assertThatIllegalArgumentException().isThrownBy(() -> new GemmSpec("a", micro, 0, 8, blocking));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new GemmSpec("a", micro, 8, 8, new GemmBlocking(7, 16, 8, 0)));
    }
}
