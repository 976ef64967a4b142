package dev.kiln.kernels.gemm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.kernels.cpu.Isa;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each instruction set multiplies by the instruction that it has for it; compiled for all of them on any machine. */
class MicroKernelAssemblyTest {
    @ParameterizedTest
    @CsvSource({
        "BASELINE,     F32,       'mulps.*%xmm'",
        "BASELINE,     I16_PAIR,  'pmaddwd.*%xmm'",
        "NEON,         F32,       'fmla\\s+v\\d+\\.4s'",
        "AVX2,         F32,       'vfmadd\\w+ps.*%ymm'",
        "AVX2,         F64,       'vfmadd\\w+pd.*%ymm'",
        "AVX2,         I16_PAIR,  'vpmaddwd.*%ymm'",
        "AVX512,       F32,       'vfmadd\\w+ps.*%zmm'",
        "AVX512,       I16_PAIR,  'vpmaddwd.*%zmm'",
        "AVX512_BF16,  I16_PAIR,  'vpdpwssd.*%zmm'",
        "AVX512_BF16,  BF16_PAIR, 'vdpbf16ps.*%zmm'",
        "AVX512_BF16,  BYTE_QUAD, 'vpdpbusd.*%zmm'",
        "AMX,          BF16_PAIR, 'tdpbf16ps.*%tmm'",
        "AMX,          BYTE_QUAD, 'tdpbusd.*%tmm'"})
    void multipliesBy(Isa isa, ElementType type, String instruction) {
        MicroGemm micro = MicroGemm.table(isa, type).getFirst();
        String assembly = CompiledC.assembly(new MicroKernels(micro, 0).unit(), isa);
        assertThat(assembly.lines().filter(line -> line.matches("\\s*" + instruction + ".*")))
            .hasSizeGreaterThanOrEqualTo(micro.tiles() ? 4 : micro.mr() * micro.vectorsPerRow());
    }

    /** Rows that lie side by side are broadcast from one pointer, within the distance of a short displacement. */
    @ParameterizedTest
    @CsvSource({"F32, vfmadd", "BF16_PAIR, vdpbf16ps"})
    void readsColumnsFromOnePointer(ElementType type, String instruction) {
        MicroGemm micro = MicroGemm.table(Isa.AVX512_BF16, type).getFirst();
        String assembly = CompiledC.assembly(new MicroKernels(micro, 0).ofColumns().unit(), Isa.AVX512_BF16);
        String full = assembly.substring(assembly.indexOf("micro_" + micro.mr() + ":"));
        assertThat(full.substring(0, full.indexOf(".size")).lines().filter(l -> l.contains(instruction)))
            .hasSizeGreaterThanOrEqualTo(MicroKernels.UNROLL * micro.mr() * micro.vectorsPerRow())
            .noneMatch(l -> l.matches(".*\\(%r\\w+,%r\\w+.*"));
    }

    @ParameterizedTest
    @CsvSource({"I8, vcvtne2ps2bf16", "NIBBLES, vpermw"})
    void widensWeightsInRegisters(Stored weight, String instruction) {
        GemmTypes types = GemmTypes.of(Stored.BF16, weight, Isa.AVX512_BF16);
        MicroGemm micro = MicroGemm.table(Isa.AVX512_BF16, types.compute()).get(3);
        assertThat(micro.widensInRegisters()).isTrue();
        String assembly = CompiledC.assembly(new MicroKernels(micro, 0, Optional.of(types), false).unit(), Isa.AVX512_BF16);
        assertThat(assembly).contains(instruction, "vdpbf16ps");
    }
}
