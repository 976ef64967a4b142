#ifndef KILN_GEMM_PRELUDE
#define KILN_GEMM_PRELUDE
/* Before the loop over the columns of an epilogue, whose iterations are independent: without it clang unrolls
   the short literal loop before the vectoriser sees it and leaves scalar code. */
#define KILN_COLUMNS _Pragma("clang loop vectorize(assume_safety) interleave_count(2) unroll(disable)")
#if defined(__AVX512BF16__)
/* Rounds as the processor does in products of bf16: below 2^-126 to zero. Unasked, clang takes a quarter of a register. */
static inline __attribute__((unused)) uint16_t kiln_bf16_of_sum(float x) { return __builtin_bit_cast(uint16_t, (__bf16)x); }
#define KILN_COLUMNS_TO_BF16 \
  _Pragma("clang loop vectorize(assume_safety) vectorize_width(16) interleave_count(1) unroll(disable)")
#else
#define kiln_bf16_of_sum kiln_to_bf16
#define KILN_COLUMNS_TO_BF16 KILN_COLUMNS
#endif
#define KILN_MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#if defined(__FMA__) || defined(__aarch64__)
#define KILN_FMA(a, b, c) __builtin_elementwise_fma(a, b, c)
#else
#define KILN_FMA(a, b, c) KILN_MULTIPLY_ADD(a, b, c)
#endif
static inline float kiln_f32_of_bf16(uint16_t x) { return __builtin_bit_cast(float, (uint32_t)x << 16); }
static inline float kiln_f32_of_f16(uint16_t x) { return (float)__builtin_bit_cast(_Float16, x); }
#if defined(__x86_64__)
typedef int32_t kiln_i32x4 __attribute__((vector_size(16))), kiln_i32x8 __attribute__((vector_size(32))),
    kiln_i32x16 __attribute__((vector_size(64)));
typedef int16_t kiln_i16x8 __attribute__((vector_size(16))), kiln_i16x16 __attribute__((vector_size(32))),
    kiln_i16x32 __attribute__((vector_size(64)));
typedef float kiln_f32x16 __attribute__((vector_size(64)));
typedef __bf16 kiln_bf16x32 __attribute__((vector_size(64), may_alias));
/* Lanes of a and b hold a few short numbers each; their products are added to the lane of c. The broadcast a is the
   operand that may come from memory, where the instruction allows either to. */
#define KILN_I16_PAIR_16(a, b, c) ((__typeof__(c))__builtin_ia32_pmaddwd128((kiln_i16x8)(a), (kiln_i16x8)(b)) + (c))
#define KILN_I16_PAIR_32(a, b, c) ((__typeof__(c))__builtin_ia32_pmaddwd256((kiln_i16x16)(a), (kiln_i16x16)(b)) + (c))
#if defined(__AVX512VNNI__)
#define KILN_I16_PAIR_64(a, b, c) \
  ((__typeof__(c))__builtin_ia32_vpdpwssd512((kiln_i32x16)(c), (kiln_i32x16)(b), (kiln_i32x16)(a)))
#else
#define KILN_I16_PAIR_64(a, b, c) ((__typeof__(c))__builtin_ia32_pmaddwd512((kiln_i16x32)(a), (kiln_i16x32)(b)) + (c))
#endif
#define KILN_BYTE_QUAD_64(a, b, c) \
  ((__typeof__(c))__builtin_ia32_vpdpbusd512((kiln_i32x16)(c), (kiln_i32x16)(a), (kiln_i32x16)(b)))
#define KILN_BF16_PAIR_64(a, b, c) \
  ((__typeof__(c))__builtin_ia32_dpbf16ps_512((kiln_f32x16)(c), (kiln_bf16x32)(b), (kiln_bf16x32)(a)))
#endif
#endif
