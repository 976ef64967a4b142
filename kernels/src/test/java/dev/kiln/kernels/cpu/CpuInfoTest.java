package dev.kiln.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CpuInfoTest {
    private static CpuInfo with(String arch, Isa isa) {
        return new CpuInfo(arch, "test", Set.copyOf(isa.requiredFeatures()), 1, 1, 1);
    }

    @Test
    void readsTheFirstProcessorAndItsCaches(@TempDir Path dir) throws Exception {
        Path cpuinfo = Files.writeString(dir.resolve("cpuinfo"),
                "processor\t: 0\nmodel name\t: Some CPU @ 2.0GHz\nflags\t\t: fpu avx2 fma avx2\n\n"
                        + "model name\t: other\n");
        cache(dir, 0, "1", "Data", "48K");
        cache(dir, 1, "1", "Instruction", "32K");
        cache(dir, 2, "2", "Unified", "2M");
        CpuInfo cpu = CpuInfo.read(cpuinfo, dir, "amd64", 4);
        assertThat(cpu.model()).isEqualTo("Some CPU @ 2.0GHz");
        assertThat(cpu.features()).containsExactlyInAnyOrder("fpu", "avx2", "fma");
        assertThat(cpu).extracting(CpuInfo::arch, CpuInfo::cores, CpuInfo::l1dBytes, CpuInfo::l2Bytes)
                .containsExactly("x86_64", 4, 48L << 10, 2L << 20);
    }

    private static void cache(Path dir, int index, String level, String type, String size) throws Exception {
        Path folder = Files.createDirectories(dir.resolve("index" + index));
        Files.writeString(folder.resolve("level"), level + "\n");
        Files.writeString(folder.resolve("type"), type + "\n");
        Files.writeString(folder.resolve("size"), size + "\n");
    }

    @Test
    void fallsBackWhereTheSystemSaysNothing(@TempDir Path dir) throws Exception {
        cache(dir, 0, "1", "Data", "0K");
        CpuInfo cpu = CpuInfo.read(dir.resolve("absent"), dir, "riscv64", 0);
        assertThat(cpu.model()).isEqualTo("unknown");
        assertThat(cpu.features()).isEmpty();
        assertThat(cpu.cores()).isEqualTo(1);
        assertThat(cpu.l1dBytes()).isPositive();
        assertThat(cpu.l2Bytes()).isPositive();
        assertThat(cpu.bestIsa()).isEqualTo(Isa.BASELINE);
    }

    @Test
    void virtualMachinesOfAmdTellTheSecondLevelOnly(@TempDir Path dir) throws Exception {
        Path zen5 = Files.writeString(dir.resolve("zen5"),
            "vendor_id\t: AuthenticAMD\ncpu family\t: 26\ncache size\t: 1024 KB\n");
        assertThat(CpuInfo.read(zen5, dir, "amd64", 2)).extracting(CpuInfo::l1dBytes, CpuInfo::l2Bytes)
            .containsExactly(48L << 10, 1L << 20);
        Path intel = Files.writeString(dir.resolve("intel"), "vendor_id\t: GenuineIntel\ncache size\t: 32768 KB\n");
        assertThat(CpuInfo.read(intel, dir, "amd64", 2)).extracting(CpuInfo::l1dBytes, CpuInfo::l2Bytes)
            .containsExactly(32L << 10, 512L << 10);
    }

    @Test
    void choosesTheStrongestInstructionSet() {
        assertThat(with("x86_64", Isa.AMX).bestIsa()).isEqualTo(Isa.AMX);
        assertThat(with("x86_64", Isa.AVX512).bestIsa()).isEqualTo(Isa.AVX512);
        assertThat(with("x86_64", Isa.AVX2).bestIsa()).isEqualTo(Isa.AVX2);
        assertThat(with("aarch64", Isa.NEON).bestIsa()).isEqualTo(Isa.NEON);
        assertThat(CpuInfo.detect().supports(CpuInfo.detect().bestIsa())).isTrue();
    }

    @Test
    void namesTheMissingFeature() {
        Set<String> features = new HashSet<>(Isa.AMX.requiredFeatures());
        features.remove("amx_bf16");
        CpuInfo cpu = new CpuInfo("x86_64", "Half CPU", features, 1, 1, 1);
        assertThatThrownBy(() -> cpu.require(Isa.AMX)).isInstanceOf(UnsupportedIsaException.class)
                .hasMessageContaining("Half CPU").hasMessageContaining("lacks amx_bf16");
    }

    @Test
    void parsesCommandLineNames() {
        assertThat(List.of("avx2", "avx512", "AMX")).extracting(Isa::parse)
                .containsExactly(Isa.AVX2, Isa.AVX512, Isa.AMX);
        assertThatThrownBy(() -> Isa.parse("sse9")).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'sse9'").hasMessageContaining("avx512");
    }

    @Test
    void targetsNeverMeanTheMachineThatCompiles() {
        assertThat(Arrays.stream(Isa.values()).map(CpuTarget::of))
                .allMatch(t -> t.clangFlags().stream().noneMatch(f -> f.contains("native")))
                .extracting(CpuTarget::fingerprint).doesNotHaveDuplicates();
        assertThat(CpuTarget.of(Isa.AVX512).clangFlags())
                .contains("-march=x86-64-v4", "-mprefer-vector-width=512");
    }
}
