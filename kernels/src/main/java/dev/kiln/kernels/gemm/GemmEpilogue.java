package dev.kiln.kernels.gemm;

/**
 * The function that takes finished tiles of a product to their destination. The caller pastes in one of this
 * form before the rendering of the product:
 * {@snippet lang = c :
 * static inline __attribute__((always_inline)) void NAME_epilogue(void* epilogue_ctx, const E* acc,
 *     int64_t ldacc, int64_t m0, int64_t n0, int64_t rows, int64_t cols);
 * }
 * Element (m0 + r, n0 + c) of the product is {@code acc[r * ldacc + c]}, r below rows, c below cols; columns
 * of padding are never shown. Every element is shown exactly once. In full tiles rows and cols are literals.
 * Put {@code KILN_COLUMNS} (from {@link GemmTemplate#prelude()}) before the loop over columns, so that it
 * vectorises. A batched product passes the batch index as well: {@code NAME_epilogue(ctx, int64_t batch, acc,
 * ...)}.
 */
public final class GemmEpilogue {
    private GemmEpilogue() {}

    /**
     * The plain store {@code C[m * ldc + n] = acc}; its context is a {@code NAME_store {E* c; int64_t ldc;}}.
     *
     * @param name the product's name
     */
    public static String store(String name, ElementType type) {
        CNames.requireIdentifier(name);
        return GemmTemplate.prelude() + """
                typedef struct %1$s_store { %2$s* c; int64_t ldc; } %1$s_store;
                static inline __attribute__((always_inline)) void %1$s_epilogue(void* epilogue_ctx,
                    const %2$s* acc, int64_t ldacc, int64_t m0, int64_t n0, int64_t rows, int64_t cols) {
                  const %1$s_store* s = (const %1$s_store*)epilogue_ctx;
                  for (int64_t r = 0; r < rows; r++) {
                    %2$s* c = s->c + (m0 + r) * s->ldc + n0;
                    KILN_COLUMNS
                    for (int64_t j = 0; j < cols; j++) c[j] = acc[r * ldacc + j];
                  }
                }
                """.formatted(name, type.c());
    }

    /**
     * The plain store of a batched product, {@code C[batch * ldb + m * ldc + n] = acc}; its context is a
     * {@code NAME_store {E* c; int64_t ldb, ldc;}}.
     */
    public static String batchedStore(String name, ElementType type) {
        CNames.requireIdentifier(name);
        return GemmTemplate.prelude() + """
                typedef struct %1$s_store { %2$s* c; int64_t ldb, ldc; } %1$s_store;
                static inline __attribute__((always_inline)) void %1$s_epilogue(void* epilogue_ctx,
                    int64_t batch, const %2$s* acc, int64_t ldacc, int64_t m0, int64_t n0, int64_t rows,
                    int64_t cols) {
                  const %1$s_store* s = (const %1$s_store*)epilogue_ctx;
                  for (int64_t r = 0; r < rows; r++) {
                    %2$s* c = s->c + batch * s->ldb + (m0 + r) * s->ldc + n0;
                    KILN_COLUMNS
                    for (int64_t j = 0; j < cols; j++) c[j] = acc[r * ldacc + j];
                  }
                }
                """.formatted(name, type.c());
    }
}
