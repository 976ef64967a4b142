package dev.kiln.stages.codegen;

/**
 * A linear by the library's sgemm: rows are split over the workers, each multiplies blocks into a buffer of its own
 * and passes them through the epilogue.
 */
final class LibraryGemm {
    private static final int ROWS = 32;
    private static final int ROW_MAJOR = 101;
    private static final int NO_TRANS = 111;
    private static final int TRANS = 112;

    private LibraryGemm() {
    }

    /** Defines {@code KERNEL} with the signature of the GEMM template; the library function is the first extern. */
    static String render(long n, long k, boolean transposed) {
        return """
            typedef void (*KERNEL_sgemm)(int, int, int, int, int, int, float, const float*, int, const float*, int,
                float, float*, int);
            typedef struct { const kiln_call* call; const float* a; int64_t lda; const float* b; int64_t m; void* ctx; }
                KERNEL_job;
            static void KERNEL_rows(void* job, int64_t begin, int64_t end, int32_t worker) {
              const KERNEL_job* j = (const KERNEL_job*)job;
              float acc[%d] __attribute__((aligned(64)));
              (void)worker;
              for (int64_t block = begin; block < end; block++) {
                const int64_t m0 = block * %d;
                const int64_t rows = kiln_imin(%d, j->m - m0);
                for (int64_t n0 = 0; n0 < %d; n0 += %d) {
                  const int64_t cols = kiln_imin(%d, %d - n0);
                  ((KERNEL_sgemm)j->call->externs[KILN_EXTERN_0])(%d, %d, %d, (int)rows, (int)cols, %d, 1.0f,
                      j->a + m0 * j->lda, (int)j->lda, j->b + n0 * %d, %d, 0.0f, acc, %d);
                  KERNEL_epilogue(j->ctx, acc, %d, m0, n0, rows, cols);
                }
              }
            }
            static void KERNEL(const kiln_call* call, const float* a, int64_t lda, const float* b, int64_t m, void* ctx) {
              KERNEL_job job = {call, a, lda, b, m, ctx};
              call->rt->parallel_for(call->rt->pool, KERNEL_rows, &job, (m + %d) / %d, 1);
            }
            """.formatted(ROWS * columns(n), ROWS, ROWS, n, columns(n), columns(n), n, ROW_MAJOR, NO_TRANS,
            transposed ? TRANS : NO_TRANS, k, transposed ? k : 1, transposed ? k : n, columns(n), columns(n),
            ROWS - 1, ROWS);
    }

    /** Columns of a block: the buffer stays within 256 KiB of stack. */
    private static long columns(long n) {
        return Math.min(n, 2048);
    }
}
