package dev.kiln.kernels.gemm;

/**
 * One matrix product {@code C[M,n] = A[M,k] * B[k,n]} with constant B, to be rendered.
 *
 * @param name     prefix of every C name of the rendering, a C identifier
 * @param micro    register block and element type
 * @param n        columns of B and C
 * @param k        depth
 * @param blocking cache blocking
 */
public record GemmSpec(String name, MicroGemm micro, long n, long k, GemmBlocking blocking) {
    public GemmSpec {
        CNames.requireIdentifier(name);
        if (n < 1 || k < 1) {
            throw new IllegalArgumentException("GEMM " + name + " needs n and k of at least 1, not " + n
                    + ", " + k);
        }
        if (blocking.mc() % micro.mr() != 0 || blocking.nc() % micro.nr() != 0) {
            throw new IllegalArgumentException("blocking " + blocking
                    + " is not a multiple of the register block " + micro.mr() + "x" + micro.nr());
        }
    }

    public ElementType elementType() {
        return micro.type();
    }

    /** Panels of packed B. */
    public long panels() {
        return Math.ceilDiv(n, micro.nr());
    }
}
