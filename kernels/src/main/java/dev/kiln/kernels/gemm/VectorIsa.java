package dev.kiln.kernels.gemm;

/** The vector register file a micro-kernel is shaped for. */
public enum VectorIsa {
    /** 16 registers of 16 bytes, multiply and add apart (plain x86-64). */
    BASELINE(16, 16),
    /** 32 registers of 16 bytes with FMA (AArch64). */
    NEON(16, 32),
    /** 16 registers of 32 bytes with FMA (x86-64-v3). */
    AVX2(32, 16),
    /** 32 registers of 64 bytes with FMA (x86-64-v4). */
    AVX512(64, 32);

    private final int vectorBytes;
    private final int registers;

    VectorIsa(int vectorBytes, int registers) {
        this.vectorBytes = vectorBytes;
        this.registers = registers;
    }

    public int vectorBytes() {
        return vectorBytes;
    }

    public int registers() {
        return registers;
    }
}
