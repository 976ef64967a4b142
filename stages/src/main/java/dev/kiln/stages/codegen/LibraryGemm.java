package dev.kiln.stages.codegen;

import dev.kiln.kernels.cpu.Isa;
import dev.kiln.ops.DType;
import java.util.List;

/**
 * A linear by a library's product of matrices: rows are split over the workers, each multiplies blocks into a buffer of
 * its own and passes them through the epilogue.
 */
enum LibraryGemm {
    OPENBLAS_F32("openblas.sgemm", DType.F32, DType.F32, DType.F32),
    DNNL_F32("dnnl.sgemm", DType.F32, DType.F32, DType.F32),
    DNNL_BF16("dnnl.gemm_bf16bf16f32", DType.BF16, DType.BF16, DType.F32),
    DNNL_U8("dnnl.gemm_u8s8s32", DType.U8, DType.I8, DType.I32),
    DNNL_I8("dnnl.gemm_s8s8s32", DType.I8, DType.I8, DType.I32);

    /** Numbers of a worker's buffer: 256 KiB of its stack. */
    private static final int BUFFER = 64 * 1024;
    private static final int WIDE_VECTOR = 64;
    private static final int ROW_MAJOR = 101;
    private static final int NO_TRANS = 111;
    private static final int TRANS = 112;
    /** oneDNN would start threads of OpenMP's inside of each worker, unless the worker says otherwise. */
    private static final List<String> THREADS = List.of("dnnl.omp_get_max_threads", "dnnl.omp_set_num_threads");

    private final String function;
    private final DType input;
    private final DType weight;
    private final DType sum;

    LibraryGemm(String function, DType input, DType weight, DType sum) {
        this.function = function;
        this.input = input;
        this.weight = weight;
        this.sum = sum;
    }

    /** Name of the library function. */
    String function() {
        return function;
    }

    /**
     * Whether it may win where not all is measured. With vectors of 64 bytes OpenBLAS never did, at a tenth to a third of
     * the speed; oneDNN takes a second to unpack and load.
     */
    boolean isLikely(Isa isa) {
        return this == OPENBLAS_F32 && isa.vectorBytes() < WIDE_VECTOR;
    }

    boolean multiplies(DType a, DType b) {
        return input == a && weight == b;
    }

    /** All library functions that the rendering calls, in order. */
    List<String> externs() {
        return this == OPENBLAS_F32 ? List.of(function) : List.of(function, THREADS.get(0), THREADS.get(1));
    }

    private String type() {
        return switch (this) {
            case OPENBLAS_F32 -> """
                typedef void (*KERNEL_gemm)(int, int, int, int, int, int, float, const float*, int, const float*, int,
                    float, float*, int);
                """;
            case DNNL_F32, DNNL_BF16 -> """
                typedef int (*KERNEL_gemm)(char, char, int64_t, int64_t, int64_t, float, const %s*, int64_t,
                    const %s*, int64_t, float, float*, int64_t);
                """.formatted(CTypes.stored(input), CTypes.stored(weight));
            case DNNL_U8, DNNL_I8 -> """
                typedef int (*KERNEL_gemm)(char, char, char, int64_t, int64_t, int64_t, float, const %s*, int64_t, %s,
                    const int8_t*, int64_t, int8_t, float, int32_t*, int64_t, const int32_t*);
                """.formatted(CTypes.stored(input), CTypes.stored(input));
        };
    }

    /** The call: x is {@code rows x k} with stride {@code lda}, w has stride {@code ldb}, acc {@code cols}. */
    private String call(long k, boolean transposed) {
        String gemm = "((KERNEL_gemm)j->call->externs[KILN_EXTERN_0])";
        char letter = transposed ? 'T' : 'N';
        return switch (this) {
            case OPENBLAS_F32 -> gemm + "(%d, %d, %d, (int)rows, (int)cols, %d, 1.0f, x, (int)j->lda, w, (int)ldb, 0.0f,"
                .formatted(ROW_MAJOR, NO_TRANS, transposed ? TRANS : NO_TRANS, k) + " acc, (int)cols)";
            case DNNL_F32, DNNL_BF16 -> unless(gemm
                + "('N', '%s', rows, cols, %d, 1.0f, x, j->lda, w, ldb, 0.0f, acc, cols)".formatted(letter, k));
            case DNNL_U8, DNNL_I8 -> unless(gemm
                + "('N', '%s', 'F', rows, cols, %d, 1.0f, x, j->lda, 0, w, ldb, 0, 0.0f, acc, cols, &zero)"
                    .formatted(letter, k));
        };
    }

    /** What a processor is not able to do is refused: the result must not be taken for one. */
    private static String unless(String call) {
        return "if (" + call + ") __builtin_memset(acc, 0xff, sizeof acc)";
    }

    /**
     * Defines {@code KERNEL} over the unpacked weight; its arguments are call, a, lda, b, m and the epilogue's context.
     *
     * @param block rows that the library multiplies at a time: it reads the weight once for each block
     */
    String render(long n, long k, boolean transposed, int block) {
        long width = Math.min(n, BUFFER / block);
        boolean threads = this != OPENBLAS_F32;
        String before = threads ? "  const int threads = ((int (*)(void))j->call->externs[KILN_EXTERN_1])();\n"
            + "  ((void (*)(int))j->call->externs[KILN_EXTERN_2])(1);\n" : "";
        String after = threads ? "  ((void (*)(int))j->call->externs[KILN_EXTERN_2])(threads);\n" : "";
        return (type() + """
            typedef struct { const kiln_call* call; const A_TYPE* a; int64_t lda; const B_TYPE* b; int64_t m; void* ctx; }
                KERNEL_job;
            static void KERNEL_rows(void* job, int64_t begin, int64_t end, int32_t worker) {
              const KERNEL_job* j = (const KERNEL_job*)job;
              C_TYPE acc[%1$d] __attribute__((aligned(64)));
              const int64_t ldb = %2$d;
              const int32_t zero = 0;
              (void)worker; (void)zero;
            %3$s  for (int64_t block = begin; block < end; block++) {
                const int64_t m0 = block * %4$d;
                const int64_t rows = kiln_imin(%4$d, j->m - m0);
                const A_TYPE* x = j->a + m0 * j->lda;
                for (int64_t n0 = 0; n0 < %5$d; n0 += %6$d) {
                  const int64_t cols = kiln_imin(%6$d, %5$d - n0);
                  const B_TYPE* w = j->b + n0 * %7$d;
                  %8$s;
                  KERNEL_epilogue(j->ctx, acc, cols, m0, n0, rows, cols);
                }
              }
            %9$s}
            static void KERNEL(const kiln_call* call, const A_TYPE* a, int64_t lda, const B_TYPE* b, int64_t m,
                void* ctx) {
              KERNEL_job job = {call, a, lda, b, m, ctx};
              call->rt->parallel_for(call->rt->pool, KERNEL_rows, &job, (m + %4$d - 1) / %4$d, 1);
            }
            """).replace("A_TYPE", CTypes.stored(input)).replace("B_TYPE", CTypes.stored(weight))
            .replace("C_TYPE", CTypes.stored(sum)).formatted(block * width, transposed ? k : n, before, block, n, width,
            transposed ? k : 1, call(k, transposed), after);
    }
}
