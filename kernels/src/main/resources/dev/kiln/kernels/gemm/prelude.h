#ifndef KILN_GEMM_PRELUDE
#define KILN_GEMM_PRELUDE
#define KILN_MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#if defined(__FMA__) || defined(__aarch64__)
#define KILN_FMA(a, b, c) __builtin_elementwise_fma(a, b, c)
#else
#define KILN_FMA(a, b, c) KILN_MULTIPLY_ADD(a, b, c)
#endif
#endif
