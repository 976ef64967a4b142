#ifndef KILN_GEMM_PRELUDE
#define KILN_GEMM_PRELUDE
/* Before the loop over the columns of an epilogue, whose iterations are independent: without it clang unrolls
   the short literal loop before the vectoriser sees it and leaves scalar code. */
#define KILN_COLUMNS _Pragma("clang loop vectorize(assume_safety) interleave_count(2) unroll(disable)")
#define KILN_MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#if defined(__FMA__) || defined(__aarch64__)
#define KILN_FMA(a, b, c) __builtin_elementwise_fma(a, b, c)
#else
#define KILN_FMA(a, b, c) KILN_MULTIPLY_ADD(a, b, c)
#endif
#endif
