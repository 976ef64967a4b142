package dev.kiln.kernels.cpu;

import java.util.ArrayList;
import java.util.List;

/**
 * What native code is compiled for: a target triple, an instruction set and the compiler flags that spell it
 * out. The flags always name a CPU level and features, never the CPU of the machine that happens to compile,
 * so that an artifact means the same on every machine that shares a cache.
 *
 * @param triple   LLVM target triple
 * @param isa      the instruction set that a CPU must support to run the code
 * @param features clang flags for CPU level and features, in order
 */
public record CpuTarget(String triple, Isa isa, List<String> features) {
    private static final String X86 = "x86_64-unknown-linux-gnu";
    private static final String ARM = "aarch64-unknown-linux-gnu";

    public CpuTarget {
        features = List.copyOf(features);
    }

    /** The target for an instruction set; {@link Isa#BASELINE} means this machine's architecture. */
    public static CpuTarget of(Isa isa) {
        return switch (isa) {
            case AVX2 -> new CpuTarget(X86, isa, List.of("-march=x86-64-v3"));
            case AVX512 -> new CpuTarget(X86, isa, List.of("-march=x86-64-v4", "-mprefer-vector-width=512"));
            case AVX512_BF16 -> new CpuTarget(X86, isa, List.of("-march=x86-64-v4", "-mprefer-vector-width=512",
                    "-mavx512bf16", "-mavx512vnni"));
            case AMX -> new CpuTarget(X86, isa, List.of("-march=x86-64-v4", "-mprefer-vector-width=512",
                    "-mavx512bf16", "-mavx512fp16", "-mavx512vnni", "-mamx-tile", "-mamx-bf16",
                    "-mamx-int8"));
            case NEON -> new CpuTarget(ARM, isa, List.of("-march=armv8-a"));
            case BASELINE -> CpuInfo.detect().arch().equals("aarch64")
                    ? new CpuTarget(ARM, isa, List.of("-march=armv8-a"))
                    : new CpuTarget(X86, isa, List.of("-march=x86-64"));
        };
    }

    /** The target for the strongest instruction set of this machine. */
    public static CpuTarget best() {
        return of(CpuInfo.detect().bestIsa());
    }

    /** Flags for clang: the triple, then level and features. */
    public List<String> clangFlags() {
        List<String> flags = new ArrayList<>();
        flags.add("--target=" + triple);
        flags.addAll(features);
        return List.copyOf(flags);
    }

    /** A stable text for cache keys: equal for equal targets, different for different ones. */
    public String fingerprint() {
        return isa.cliName() + ":" + String.join(" ", clangFlags());
    }
}
