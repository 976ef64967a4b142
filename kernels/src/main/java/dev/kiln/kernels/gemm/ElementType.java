package dev.kiln.kernels.gemm;

/** Element type of a matrix product; inputs, accumulators and the tile handed to the epilogue share it. */
public enum ElementType {
    F32("float", "float", 4),
    F64("double", "double", 8),
    I32("int32_t", "uint32_t", 4),
    I64("int64_t", "uint64_t", 8);

    private final String c;
    private final String arithmetic;
    private final int bytes;

    ElementType(String c, String arithmetic, int bytes) {
        this.c = c;
        this.arithmetic = arithmetic;
        this.bytes = bytes;
    }

    /** The C name of the stored type. */
    public String c() {
        return c;
    }

    /** Size of one element in bytes. */
    public int bytes() {
        return bytes;
    }

    public boolean isInteger() {
        return this == I32 || this == I64;
    }

    /** The C type to compute in: integers wrap around as in PyTorch, which signed C types may not. */
    String arithmetic() {
        return arithmetic;
    }
}
