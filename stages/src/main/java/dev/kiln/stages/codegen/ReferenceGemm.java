package dev.kiln.stages.codegen;

/** A linear by plain loops with double sums: the result that autotune candidates must agree with, in some rows. */
final class ReferenceGemm {
    private ReferenceGemm() {
    }

    /** Defines {@code KERNEL} with the signature of the GEMM template, over the unpacked weight. */
    static String render(long n, long k, boolean transposed) {
        return """
            static void KERNEL(const kiln_call* call, const float* a, int64_t lda, const float* b, int64_t m, void* ctx) {
              (void)call;
              for (int64_t i = 0; i < m; i++) {
                if (!kiln_is_checked(i, m)) continue;
                for (int64_t j0 = 0; j0 < %1$d; j0 += 64) {
                  const int64_t cols = kiln_imin(64, %1$d - j0);
                  double sum[64] = {0};
                  float acc[64];
                  for (int64_t s = 0; s < %2$d; s++)
                    for (int64_t j = 0; j < cols; j++) sum[j] += (double)a[i * lda + s] * b[%3$s];
                  for (int64_t j = 0; j < cols; j++) acc[j] = (float)sum[j];
                  KERNEL_epilogue(ctx, acc, 64, i, j0, 1, cols);
                }
              }
            }
            """.formatted(n, k, transposed ? "(j0 + j) * " + k + " + s" : "s * " + n + " + j0 + j");
    }
}
