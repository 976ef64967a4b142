package dev.kiln.kernels.cpu;

import java.util.List;
import java.util.Locale;

/**
 * The vector instruction sets that Kiln generates code for, from weakest to strongest within an architecture.
 */
public enum Isa {
    /** Whatever every CPU of the architecture has (SSE2 or ASIMD). */
    BASELINE("baseline", 16, List.of()),
    /** ARMv8-A Advanced SIMD. */
    NEON("neon", 16, List.of("asimd")),
    /** x86-64-v3: AVX2, FMA, F16C. */
    AVX2("avx2", 32, List.of("avx", "avx2", "fma", "f16c", "bmi1", "bmi2", "movbe")),
    /** x86-64-v4: AVX-512 F, BW, CD, DQ, VL. */
    AVX512("avx512", 64, List.of("avx2", "fma", "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl")),
    /** Cooper Lake and Zen 4 class: AVX-512 with the dot products of bf16 pairs and of four bytes. */
    AVX512_BF16("avx512-bf16", 64, List.of("avx2", "fma", "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl",
            "avx512_bf16", "avx512_vnni")),
    /** Sapphire Rapids class: AVX-512 with BF16, FP16 and VNNI, and the AMX tiles for bf16 and int8. */
    AMX("amx", 64, List.of("avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl",
            "avx512_bf16", "avx512_fp16", "avx512_vnni", "amx_tile", "amx_bf16", "amx_int8"));

    private final String cliName;
    private final int vectorBytes;
    private final List<String> kernelFeatures;

    Isa(String cliName, int vectorBytes, List<String> kernelFeatures) {
        this.cliName = cliName;
        this.vectorBytes = vectorBytes;
        this.kernelFeatures = kernelFeatures;
    }

    /** The name on the command line and in cache keys. */
    public String cliName() {
        return cliName;
    }

    /** Width of one vector register, in bytes. */
    public int vectorBytes() {
        return vectorBytes;
    }

    /** Whether it has the dot products of bf16 pairs and of four bytes. */
    public boolean hasDotProducts() {
        return this == AVX512_BF16 || this == AMX;
    }

    /** Features a CPU must list in {@code /proc/cpuinfo}, by the Linux kernel's names. */
    public List<String> requiredFeatures() {
        return kernelFeatures;
    }

    /** Whether this set belongs to x86-64; {@link #BASELINE} belongs to every architecture. */
    public boolean isX86() {
        return this == AVX2 || this == AVX512 || this == AVX512_BF16 || this == AMX;
    }

    /**
     * The instruction set of a command-line name.
     *
     * @throws IllegalArgumentException for a name that is none of the known ones
     */
    public static Isa parse(String name) {
        for (Isa isa : values()) {
            if (isa.cliName.equals(name.toLowerCase(Locale.ROOT))) {
                return isa;
            }
        }
        throw new IllegalArgumentException("unknown instruction set '" + name + "': use avx2, avx512, avx512-bf16 or amx");
    }
}
