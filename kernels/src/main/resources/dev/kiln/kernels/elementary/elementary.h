/* Elementary functions for generated kernels: scalar, inline and free of branches and calls, so that a loop
   around them vectorises for any target. They keep to IEEE arithmetic and must not be compiled with
   -ffast-math.

   Errors over all inputs are at most 4 ULP; the polynomials are minimax fits of our own (relative error below
   a tenth of an ULP), the reductions are Cody and Waite's. Sine, cosine and tangent take arguments above
   KILN_FAR_F and KILN_FAR to Payne and Hanek's reduction, in a branch, so that loops around them do not
   vectorise. kiln_near_sinf and its like have no branch and report such arguments instead: a loop of them is
   done again with the others if it met one. The remainder kiln_fmod is exact, and has branches too. */
#ifndef KILN_ELEMENTARY_H
#define KILN_ELEMENTARY_H
typedef __INT32_TYPE__ int32_t;
typedef __UINT32_TYPE__ uint32_t;
typedef __UINT64_TYPE__ uint64_t;

#define KILN_EM static inline __attribute__((always_inline, const))
/* What writes through a pointer must not be const: with constant arguments, clang forgets what it has written. */
#define KILN_PARTS static inline __attribute__((always_inline))

#if defined(__FMA__) || defined(__aarch64__)
#define KILN_MAD(a, b, c) __builtin_elementwise_fma(a, b, c)
#else
#define KILN_MAD(a, b, c) ((a) * (b) + (c))
#endif

KILN_EM uint32_t kiln_bitsf(float x) { uint32_t u; __builtin_memcpy(&u, &x, 4); return u; }
KILN_EM float kiln_unbitsf(uint32_t u) { float x; __builtin_memcpy(&x, &u, 4); return x; }
KILN_EM uint64_t kiln_bits(double x) { uint64_t u; __builtin_memcpy(&u, &x, 8); return u; }
KILN_EM double kiln_unbits(uint64_t u) { double x; __builtin_memcpy(&x, &u, 8); return x; }

#define KILN_INF_F __builtin_inff()
#define KILN_NAN_F __builtin_nanf("")
#define KILN_INF __builtin_inf()
#define KILN_NAN __builtin_nan("")
/* Adding one of these rounds to a whole number, to even, and leaves that number in the low bits. */
#define KILN_ROUND_F 12582912.0f
#define KILN_ROUND 6755399441055744.0
/* Above these, a quarter turn times its number is no longer exact enough in the sums below. */
#if defined(__FMA__) || defined(__aarch64__)
#define KILN_FAR_F 1e9f
#define KILN_FAR 1e9
#else
#define KILN_FAR_F 1e6f
#define KILN_FAR 1e6
#endif

KILN_EM float kiln_absf(float x) { return kiln_unbitsf(kiln_bitsf(x) & 0x7fffffffu); }
KILN_EM double kiln_abs(double x) { return kiln_unbits(kiln_bits(x) & 0x7fffffffffffffffu); }
/* By the builtin: for masks by hand, clang 20 drops the sign's mask on AVX-512 where s was widened from 16 bits. */
KILN_EM float kiln_copysignf(float x, float s) { return __builtin_copysignf(x, s); }
KILN_EM double kiln_copysign(double x, double s) { return __builtin_copysign(x, s); }
KILN_EM float kiln_sqrtf(float x) { return __builtin_elementwise_sqrt(x); }
KILN_EM double kiln_sqrt(double x) { return __builtin_elementwise_sqrt(x); }

#if defined(__SSE4_1__) || defined(__aarch64__)
KILN_EM float kiln_floorf(float x) { return __builtin_elementwise_floor(x); }
KILN_EM float kiln_ceilf(float x) { return __builtin_elementwise_ceil(x); }
KILN_EM float kiln_truncf(float x) { return __builtin_elementwise_trunc(x); }
KILN_EM float kiln_roundevenf(float x) { return __builtin_elementwise_roundeven(x); }
KILN_EM double kiln_floor(double x) { return __builtin_elementwise_floor(x); }
KILN_EM double kiln_ceil(double x) { return __builtin_elementwise_ceil(x); }
KILN_EM double kiln_trunc(double x) { return __builtin_elementwise_trunc(x); }
KILN_EM double kiln_roundeven(double x) { return __builtin_elementwise_roundeven(x); }
#else
/* Without a rounding instruction: add and take away the power of two whose ULP is one. */
KILN_EM float kiln_roundevenf(float x) {
  float a = kiln_absf(x), r = (a + 8388608.0f) - 8388608.0f;
  return kiln_copysignf(a < 8388608.0f ? r : x, x);
}
KILN_EM double kiln_roundeven(double x) {
  double a = kiln_abs(x), r = (a + 4503599627370496.0) - 4503599627370496.0;
  return kiln_copysign(a < 4503599627370496.0 ? r : x, x);
}
KILN_EM float kiln_floorf(float x) {
  float r = kiln_roundevenf(x);
  return kiln_copysignf(r > x ? r - 1.0f : r, x);
}
KILN_EM double kiln_floor(double x) {
  double r = kiln_roundeven(x);
  return kiln_copysign(r > x ? r - 1.0 : r, x);
}
KILN_EM float kiln_ceilf(float x) { return -kiln_floorf(-x); }
KILN_EM double kiln_ceil(double x) { return -kiln_floor(-x); }
KILN_EM float kiln_truncf(float x) { return kiln_copysignf(kiln_floorf(kiln_absf(x)), x); }
KILN_EM double kiln_trunc(double x) { return kiln_copysign(kiln_floor(kiln_abs(x)), x); }
#endif

/* ---- reduction of large arguments ---- */

/* The bits of 2 / pi after 64 zeros. */
static const uint64_t kiln_two_over_pi[20] = {
  0x0000000000000000u, 0xa2f9836e4e441529u, 0xfc2757d1f534ddc0u, 0xdb6295993c439041u, 0xfe5163abdebbc561u,
  0xb7246e3a424dd2e0u, 0x06492eea09d1921cu, 0xfe1deb1cb129a73eu, 0xe88235f52ebb4484u, 0xe99c7026b45f7e41u,
  0x3991d639835339f4u, 0x9c845f8bbdf9283bu, 0x1ff897ffde05980fu, 0xef2f118b5a0a6d1fu, 0x6d367ecf27cb09b7u,
  0x4f463f669e5fea2du, 0x7527bac7ebe5f17bu, 0x3d0739f78a5292eau, 0x6bfb5fb11f8d5d08u, 0x56033046fc7b6babu};

/* Quarter turns of a finite |x| >= 1, and what is left in radians, as Payne and Hanek do it (Radian Reduction for
   Trigonometric Functions, 1983): x is m 2^e, and of 2 / pi only those 192 bits are multiplied by m that neither
   give whole turns nor are too small to matter. */
static __attribute__((noinline, cold)) double kiln_far_parts(double x, uint64_t* quarter) {
  uint64_t u = kiln_bits(x), m = (u & 0xfffffffffffffu) | (1ull << 52);
  if (!(kiln_abs(x) < KILN_INF)) return *quarter = 0, KILN_NAN;
  int32_t start = (int32_t)(u >> 52 & 0x7ff) - 1075 + 62, word = start >> 6, bit = start & 63;
  const uint64_t* p = kiln_two_over_pi + word;
  uint64_t w[3];
  for (int32_t i = 0; i < 3; i++) w[i] = bit ? p[i] << bit | p[i + 1] >> (64 - bit) : p[i];
  unsigned __int128 low = (unsigned __int128)m * w[2], mid = (unsigned __int128)m * w[1] + (uint64_t)(low >> 64);
  uint64_t high = m * w[0] + (uint64_t)(mid >> 64);
  uint64_t f = high << 2 | (uint64_t)mid >> 62, rest = (uint64_t)mid << 2 | (uint64_t)low >> 62;
  uint64_t up = f >> 63, flip = 0 - up;
  double turn = (double)(f ^ flip) * 5.4210108624275222e-20 + (double)(rest ^ flip) * 2.9387358770557188e-39;
  double r = (up ? -turn : turn) * 1.5707963267948966;
  *quarter = (high >> 62) + up;
  if (u >> 63) return *quarter = 0 - *quarter, -r;
  return r;
}

/* ---- float ---- */

/* exp(r) - 1 for |r| <= ln(2) / 2; in pairs, since the chain of a Horner scheme is what loops of it wait for. */
KILN_EM float kiln_em1_polyf(float r) {
  float s = r * r;
  float low = KILN_MAD(0.166665152f, r, 0.5f), high = KILN_MAD(0.00836924091f, r, 0.0416661985f);
  high = KILN_MAD(0.00139510853f, s, high);
  return KILN_MAD(KILN_MAD(high, s, low), s, r);
}

/* x = n ln(2) + r; n comes back as n + KILN_ROUND_F. */
KILN_PARTS float kiln_ln2_partsf(float x, float* shifted) {
  *shifted = KILN_MAD(x, 1.44269504f, KILN_ROUND_F);
  float n = *shifted - KILN_ROUND_F;
  return KILN_MAD(n, 2.12194440e-4f, KILN_MAD(n, -0.693359375f, x));
}

/* 2^n for a whole n in -126..127, given as n + KILN_ROUND_F. */
KILN_EM float kiln_pow2f(float shifted) { return kiln_unbitsf((kiln_bitsf(shifted) << 23) + 0x3f800000u); }

KILN_EM float kiln_expf(float x) {
  x = x > 89.0f ? 89.0f : x;
  x = x < -104.0f ? -104.0f : x;
  float shifted, r = kiln_ln2_partsf(x, &shifted), n = shifted - KILN_ROUND_F;
  float half = KILN_MAD(n, 0.5f, KILN_ROUND_F), rest = n - (half - KILN_ROUND_F) + KILN_ROUND_F;
  return (1.0f + kiln_em1_polyf(r)) * kiln_pow2f(half) * kiln_pow2f(rest);
}

/* exp for x <= 0, the softmax case: what is below 2^-126 may become zero, by a power of two that is zero; its exponent
   comes biased out of the rounding. The polynomial is of one degree less than exp's: 2.3 ULP for a tenth of its time. */
KILN_EM float kiln_exp_nonpositivef(float x) {
  const float round = KILN_ROUND_F + 127.0f;
  float y = x < -88.0f ? -88.0f : x;
  float shifted = KILN_MAD(y, 1.44269504f, round), n = shifted - round;
  float r = KILN_MAD(n, 2.12194440e-4f, KILN_MAD(n, -0.693359375f, y));
  float power = kiln_unbitsf(kiln_bitsf(shifted) << 23);
  float s = r * r, low = KILN_MAD(0.166671146f, r, 0.499992315f), high = KILN_MAD(0.00831252053f, r, 0.041890158f);
  return KILN_MAD(KILN_MAD(KILN_MAD(high, s, low), s, r), power, power);
}

KILN_EM float kiln_expm1f(float x) {
  float y = x > 89.0f ? 89.0f : x;
  y = y < -18.0f ? -18.0f : y;
  float shifted, r = kiln_ln2_partsf(y, &shifted);
  float half = kiln_pow2f(shifted - 1.0f);
  float e = KILN_MAD(kiln_em1_polyf(r), half, half - 0.5f);
  return kiln_copysignf(e + e, x);
}

/* Splits a positive normal x into 2^e * (1 + f), f in sqrt(1/2) - 1 .. sqrt(2) - 1. */
KILN_PARTS float kiln_log_partsf(float x, float* e) {
  uint32_t u = kiln_bitsf(x), above = u - 0x3f3504f3u;
  *e = (float)((int32_t)above >> 23);
  return kiln_unbitsf(u - (above & 0xff800000u)) - 1.0f;
}

/* log(1 + f) + e ln(2) + c for those parts and a small correction c. */
KILN_EM float kiln_log_sumf(float f, float e, float c) {
  float p = -0.0786092952f;
  p = KILN_MAD(p, f, 0.128863603f);
  p = KILN_MAD(p, f, -0.131303459f);
  p = KILN_MAD(p, f, 0.14180626f);
  p = KILN_MAD(p, f, -0.166243508f);
  p = KILN_MAD(p, f, 0.200023055f);
  p = KILN_MAD(p, f, -0.250008166f);
  p = KILN_MAD(p, f, 0.333333164f);
  float z = f * f;
  float t = KILN_MAD(e, -2.12194440e-4f, c);
  t = KILN_MAD(p, z * f, t);
  t = KILN_MAD(z, -0.5f, t);
  return KILN_MAD(e, 0.693359375f, f + t);
}

/* The same split for any positive x. */
KILN_PARTS float kiln_log_splitf(float x, float* e) {
  float small = x < 1.17549435e-38f ? 8388608.0f : 1.0f, shift = x < 1.17549435e-38f ? -23.0f : 0.0f;
  float f = kiln_log_partsf(x * small, e);
  *e += shift;
  return f;
}

/* A logarithm y of x with its values outside of 0 < x < inf. */
KILN_EM float kiln_log_edgesf(float x, float y) {
  y = x < KILN_INF_F ? y : x;
  y = x < 0.0f ? KILN_NAN_F : y;
  return x == 0.0f ? -KILN_INF_F : y;
}

KILN_EM float kiln_logf(float x) {
  float e, f = kiln_log_splitf(x, &e);
  return kiln_log_edgesf(x, kiln_log_sumf(f, e, 0.0f));
}

KILN_EM float kiln_log2f(float x) {
  float e, f = kiln_log_splitf(x, &e);
  return kiln_log_edgesf(x, KILN_MAD(kiln_log_sumf(f, 0.0f, 0.0f), 1.44269504f, e));
}

KILN_EM float kiln_log10f(float x) {
  float e, f = kiln_log_splitf(x, &e);
  float y = KILN_MAD(kiln_log_sumf(f, 0.0f, 0.0f), 0.434294482f, e * 4.60503898e-06f);
  return kiln_log_edgesf(x, KILN_MAD(e, 0.301025391f, y));
}

KILN_EM float kiln_log1pf(float x) {
  float u = 1.0f + x, e;
  float lost = kiln_absf(x) < 1.0f ? x - (u - 1.0f) : 1.0f - (u - x);
  float f = kiln_log_partsf(u, &e), y = kiln_log_sumf(f, e, lost / u);
  y = x < KILN_INF_F ? y : x;
  y = x < -1.0f ? KILN_NAN_F : y;
  y = x == -1.0f ? -KILN_INF_F : y;
  return kiln_copysignf(kiln_absf(x) < 1e-10f ? x : y, x);
}

KILN_EM float kiln_tanhf(float x) {
  float a = kiln_absf(x);
  a = a > 10.0f ? 10.0f : a;
  float shifted, r = kiln_ln2_partsf(a + a, &shifted), s = kiln_pow2f(shifted);
  float t = KILN_MAD(kiln_em1_polyf(r), s, s - 1.0f);
  return kiln_copysignf(t / (t + 2.0f), x);
}

KILN_EM float kiln_sigmoidf(float x) {
  float e = kiln_expf(-kiln_absf(x));
  return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

/* erf: an odd polynomial for small |x|, else 1 - p(|x|)^8, where p fits the eighth root of erfc. */
KILN_EM float kiln_erff(float x) {
  float a = kiln_absf(x), s = x * x;
  float q = -0.000601338164f;
  q = KILN_MAD(q, s, 0.00499799801f);
  q = KILN_MAD(q, s, -0.0267702304f);
  q = KILN_MAD(q, s, 0.112819269f);
  q = KILN_MAD(q, s, -0.376125067f);
  q = KILN_MAD(q, s, 0.128379151f);
  q = KILN_MAD(q, x, x);
  float t = a > 3.93f ? 3.93f : a;
  float p = 1.86737489e-05f;
  p = KILN_MAD(p, t, -7.81909839e-05f);
  p = KILN_MAD(p, t, -0.00130374031f);
  p = KILN_MAD(p, t, 0.00968841556f);
  p = KILN_MAD(p, t, -0.00609852094f);
  p = KILN_MAD(p, t, -0.0664738566f);
  p = KILN_MAD(p, t, -0.142432213f);
  p = KILN_MAD(p, t, 1.00025964f);
  p *= p;
  p *= p;
  return a > 0.921875f ? kiln_copysignf(1.0f - p * p, x) : q;
}

/* x/2 (1 + erf(x / sqrt 2)) for a GELU: one rational function of x, error below 4e-7 |x|, tails exact. */
KILN_EM float kiln_gelu_erff(float x) {
  float z = x * 0.707106781f;
  z = z > 3.925f ? 3.925f : z;
  z = z < -3.925f ? -3.925f : z;
  float s = z * z;
  float p = 2.045972224e-06f, q = 3.804506923e-05f;
  p = KILN_MAD(p, s, 2.848026052e-04f);
  q = KILN_MAD(q, s, 1.163569163e-03f);
  p = KILN_MAD(p, s, 3.771490417e-03f);
  q = KILN_MAD(q, s, 1.498108543e-02f);
  p = KILN_MAD(p, s, 5.276596174e-02f);
  q = KILN_MAD(q, s, 1.141731441e-01f);
  p = KILN_MAD(p, s, 1.905714273e-01f);
  q = KILN_MAD(q, s, 5.022222400e-01f);
  p = KILN_MAD(p, s, 1.128379107f);
  q = KILN_MAD(q, s, 1.0f);
  float h = 0.5f * x;
  float y = KILN_MAD(h, z * p / q, h);
  return x < -5.5f ? -0.0f : y;
}

/* The tanh form of GELU, x sigmoid(2u) with u = sqrt(2 / pi) (x + 0.044715 x^3). */
KILN_EM float kiln_gelu_tanhf(float x) {
  float u = x * KILN_MAD(0.0713548163f, x * x, 1.59576912f);
  float y = x / (1.0f + kiln_expf(-u));
  return x < -15.0f ? -0.0f : y;
}

/* The quarter turn n of a float, and what is left of it, in double: one step is enough for float accuracy. */
KILN_PARTS double kiln_quarter_partsf(float x, double* shifted) {
  *shifted = KILN_MAD((double)x, 0.63661977236758134, KILN_ROUND);
  double n = *shifted - KILN_ROUND;
  return KILN_MAD(n, -6.0771005065061922e-11, KILN_MAD(n, -1.5707963267341256, (double)x));
}

/* Sine and cosine of |r| <= 1 for float accuracy. */
KILN_EM double kiln_sin_polyf(double r) {
  double z = r * r;
  double s = KILN_MAD(2.7182699873229325e-06, z, -0.00019839330430235718);
  s = KILN_MAD(s, z, 0.0083333293718972079);
  s = KILN_MAD(s, z, -0.16666666641500605);
  return r * KILN_MAD(s, z, 1.0);
}

KILN_EM double kiln_cos_polyf(double r) {
  double z = r * r;
  double c = KILN_MAD(2.4438080237851345e-05, z, -0.0013887364378614112);
  c = KILN_MAD(c, z, 0.041666646804620712);
  return KILN_MAD(c * z, z, KILN_MAD(z, -0.5, 1.0));
}

KILN_EM float kiln_quarterf(double r, uint64_t quarter) {
  double y = (quarter & 1) ? kiln_cos_polyf(r) : kiln_sin_polyf(r);
  return (float)kiln_unbits(kiln_bits(y) ^ ((quarter & 2) << 62));
}

KILN_EM float kiln_tan_quarterf(double r, uint64_t quarter) {
  double s = kiln_sin_polyf(r), c = kiln_cos_polyf(r);
  return (float)((quarter & 1 ? -c : s) / (quarter & 1 ? s : c));
}

KILN_PARTS float kiln_near_sinf(int32_t* far, float x) {
  double shifted, r = kiln_quarter_partsf(x, &shifted);
  *far |= kiln_absf(x) > KILN_FAR_F;
  return kiln_quarterf(r, kiln_bits(shifted));
}

KILN_PARTS float kiln_near_cosf(int32_t* far, float x) {
  double shifted, r = kiln_quarter_partsf(x, &shifted);
  *far |= kiln_absf(x) > KILN_FAR_F;
  return kiln_quarterf(r, kiln_bits(shifted) + 1);
}

KILN_PARTS float kiln_near_tanf(int32_t* far, float x) {
  double shifted, r = kiln_quarter_partsf(x, &shifted);
  *far |= kiln_absf(x) > KILN_FAR_F;
  return kiln_tan_quarterf(r, kiln_bits(shifted));
}

static inline float kiln_sinf(float x) {
  int32_t far = 0;
  uint64_t quarter;
  float y = kiln_near_sinf(&far, x);
  if (!far) return y;
  double r = kiln_far_parts((double)x, &quarter);
  return kiln_quarterf(r, quarter);
}

static inline float kiln_cosf(float x) {
  int32_t far = 0;
  uint64_t quarter;
  float y = kiln_near_cosf(&far, x);
  if (!far) return y;
  double r = kiln_far_parts((double)x, &quarter);
  return kiln_quarterf(r, quarter + 1);
}

static inline float kiln_tanf(float x) {
  int32_t far = 0;
  uint64_t quarter;
  float y = kiln_near_tanf(&far, x);
  if (!far) return y;
  double r = kiln_far_parts((double)x, &quarter);
  return kiln_tan_quarterf(r, quarter);
}

/* asin(r) for 0 <= r <= 1/2 and z = r^2. */
KILN_EM float kiln_asin_polyf(float r, float z) {
  float p = 0.0421780124f;
  p = KILN_MAD(p, z, 0.0241730884f);
  p = KILN_MAD(p, z, 0.0454715788f);
  p = KILN_MAD(p, z, 0.0749528855f);
  p = KILN_MAD(p, z, 0.166667521f);
  return KILN_MAD(p * z, r, r);
}

/* Above 1/2, asin x = pi/2 - 2 asin sqrt((1 - x) / 2), whose argument is at most 1/2. */
KILN_EM float kiln_asinf(float x) {
  float a = kiln_absf(x), z = a > 0.5f ? 0.5f - 0.5f * a : x * x;
  float s = kiln_asin_polyf(a > 0.5f ? kiln_sqrtf(z) : a, z);
  return kiln_copysignf(a > 0.5f ? 1.57079637f - (s + s + 4.37113883e-08f) : s, x);
}

KILN_EM float kiln_acosf(float x) {
  float a = kiln_absf(x), z = a > 0.5f ? 0.5f - 0.5f * a : x * x;
  float s = kiln_asin_polyf(a > 0.5f ? kiln_sqrtf(z) : a, z), turned = kiln_copysignf(s, x);
  float outer = (x < 0.0f ? 3.14159274f : 0.0f) + (turned + turned);
  return a > 0.5f ? outer : 1.57079637f - (turned + 4.37113883e-08f);
}

/* atan(y / x) for y, x >= 0: at most an eighth of a turn from 0, pi/4 or pi/2. */
KILN_EM float kiln_atan_ratiof(float y, float x) {
  float high = 2.41421356f * x, low = 0.414213562f * x;
  float base = y > high ? 1.57079637f : y > low ? 0.785398185f : 0.0f;
  float n = y > high ? -x : y > low ? y - x : y, d = y > high ? y : y > low ? y + x : x;
  float t = n / (y == 0.0f ? 1.0f : d), z = t * t;
  float p = -0.0607798584f;
  p = KILN_MAD(p, z, 0.10593725f);
  p = KILN_MAD(p, z, -0.142435223f);
  p = KILN_MAD(p, z, 0.199984714f);
  p = KILN_MAD(p, z, -0.333333164f);
  return base + KILN_MAD(p * z, t, t);
}

KILN_EM float kiln_atanf(float x) { return kiln_copysignf(kiln_atan_ratiof(kiln_absf(x), 1.0f), x); }

KILN_EM float kiln_atan2f(float y, float x) {
  float a = kiln_absf(y), b = kiln_absf(x), top = a > b ? a : b;
  float scale = top > 1e37f ? 0.0625f : top < 1e-30f ? 18446744073709551616.0f : 1.0f;
  float n = a == KILN_INF_F ? 1.0f : b == KILN_INF_F ? 0.0f : a * scale;
  float d = b == KILN_INF_F ? 1.0f : a == KILN_INF_F ? 0.0f : b * scale;
  float r = kiln_atan_ratiof(n, d);
  r = kiln_bitsf(x) >> 31 ? 3.14159274f - (r + 8.74227766e-08f) : r;
  return x != x || y != y ? KILN_NAN_F : kiln_copysignf(r, y);
}

/* (exp(a) - 1) / 4 for a >= 0, so that what is four times as large still has its full range. */
KILN_EM float kiln_em1_fourthf(float a) {
  a = a > 89.6f ? 89.6f : a;
  float shifted, r = kiln_ln2_partsf(a, &shifted), s = kiln_pow2f(shifted - 2.0f);
  return KILN_MAD(kiln_em1_polyf(r), s, s - 0.25f);
}

KILN_EM float kiln_sinhf(float x) {
  float e = kiln_em1_fourthf(kiln_absf(x));
  return kiln_copysignf(2.0f * (e + 0.25f * (e / (e + 0.25f))), x);
}

KILN_EM float kiln_coshf(float x) {
  float e = kiln_em1_fourthf(kiln_absf(x)) + 0.25f;
  return KILN_MAD(2.0f, e, 0.125f / e);
}

KILN_EM float kiln_asinhf(float x) {
  float a = kiln_absf(x), z = a * a;
  float t = a > 1e9f ? a : a + z / (1.0f + kiln_sqrtf(1.0f + z));
  return kiln_copysignf(kiln_log1pf(t) + (a > 1e9f ? 0.693147181f : 0.0f), x);
}

KILN_EM float kiln_acoshf(float x) {
  float m = x - 1.0f, t = x > 1e9f ? x : m + kiln_sqrtf(m * (m + 2.0f));
  float y = kiln_log1pf(t) + (x > 1e9f ? 0.693147181f : 0.0f);
  return x < 1.0f ? KILN_NAN_F : y;
}

KILN_EM float kiln_atanhf(float x) {
  float a = kiln_absf(x);
  return kiln_copysignf(0.5f * kiln_log1pf((a + a) / (1.0f - a)), x);
}

/* ---- double ---- */

KILN_EM double kiln_em1_poly(double r) {
  double p = 2.0927355317523917e-09;
  p = KILN_MAD(p, r, 2.5112836424003698e-08);
  p = KILN_MAD(p, r, 2.7557231938896941e-07);
  p = KILN_MAD(p, r, 2.7557232540448796e-06);
  p = KILN_MAD(p, r, 2.4801587375551418e-05);
  p = KILN_MAD(p, r, 0.000198412698987403);
  p = KILN_MAD(p, r, 0.0013888888888857406);
  p = KILN_MAD(p, r, 0.0083333333333160675);
  p = KILN_MAD(p, r, 0.041666666666666727);
  p = KILN_MAD(p, r, 0.16666666666666685);
  p = KILN_MAD(p, r, 0.5);
  return KILN_MAD(p, r * r, r);
}

KILN_PARTS double kiln_ln2_parts(double x, double* shifted) {
  *shifted = KILN_MAD(x, 1.4426950408889634, KILN_ROUND);
  double n = *shifted - KILN_ROUND;
  return KILN_MAD(n, -1.9082149292705877e-10, KILN_MAD(n, -0.69314718036912382, x));
}

KILN_EM double kiln_pow2(double shifted) {
  return kiln_unbits((kiln_bits(shifted) << 52) + 0x3ff0000000000000u);
}

/* exp(x + low) for a low that is tiny against 1. */
KILN_EM double kiln_exp_sum(double x, double low) {
  x = x > 710.0 ? 710.0 : x;
  x = x < -746.0 ? -746.0 : x;
  double shifted, r = kiln_ln2_parts(x, &shifted) + low, n = shifted - KILN_ROUND;
  double half = KILN_MAD(n, 0.5, KILN_ROUND), rest = n - (half - KILN_ROUND) + KILN_ROUND;
  return (1.0 + kiln_em1_poly(r)) * kiln_pow2(half) * kiln_pow2(rest);
}

KILN_EM double kiln_exp(double x) { return kiln_exp_sum(x, 0.0); }

KILN_EM double kiln_expm1(double x) {
  double y = x > 710.0 ? 710.0 : x;
  y = y < -40.0 ? -40.0 : y;
  double shifted, r = kiln_ln2_parts(y, &shifted);
  double half = kiln_pow2(shifted - 1.0);
  double e = KILN_MAD(kiln_em1_poly(r), half, half - 0.5);
  return kiln_copysign(e + e, x);
}

KILN_PARTS double kiln_log_parts(double x, double* e) {
  uint64_t u = kiln_bits(x), above = u - 0x3fe6a09e667f3bcdu + (2048ull << 52);
  /* The biased exponent as a double without an integer conversion, which AVX2 lacks. */
  *e = kiln_unbits((above >> 52) | 0x4330000000000000u) - (4503599627370496.0 + 2048.0);
  return kiln_unbits(u - (above & 0xfff0000000000000u) + (2048ull << 52)) - 1.0;
}

KILN_EM double kiln_log_sum(double f, double e, double c) {
  double s = f / (2.0 + f), z = s * s, h = 0.5 * f * f;
  double p = 0.14800193304925396;
  p = KILN_MAD(p, z, 0.15313647378371265);
  p = KILN_MAD(p, z, 0.18183579234563785);
  p = KILN_MAD(p, z, 0.22222198303332225);
  p = KILN_MAD(p, z, 0.28571428744844979);
  p = KILN_MAD(p, z, 0.39999999999404429);
  p = KILN_MAD(p, z, 0.66666666666667362);
  double t = KILN_MAD(s, KILN_MAD(p, z, h), KILN_MAD(e, 1.9082149292705877e-10, c));
  return KILN_MAD(e, 0.69314718036912382, f - (h - t));
}

KILN_PARTS double kiln_log_split(double x, double* e) {
  double small = x < 2.2250738585072014e-308 ? 18014398509481984.0 : 1.0;
  double shift = x < 2.2250738585072014e-308 ? -54.0 : 0.0;
  double f = kiln_log_parts(x * small, e);
  *e += shift;
  return f;
}

KILN_EM double kiln_log_edges(double x, double y) {
  y = x < KILN_INF ? y : x;
  y = x < 0.0 ? KILN_NAN : y;
  return x == 0.0 ? -KILN_INF : y;
}

KILN_EM double kiln_log(double x) {
  double e, f = kiln_log_split(x, &e);
  return kiln_log_edges(x, kiln_log_sum(f, e, 0.0));
}

KILN_EM double kiln_log2(double x) {
  double e, f = kiln_log_split(x, &e);
  return kiln_log_edges(x, KILN_MAD(kiln_log_sum(f, 0.0, 0.0), 1.4426950408889634, e));
}

KILN_EM double kiln_log10(double x) {
  double e, f = kiln_log_split(x, &e);
  double y = KILN_MAD(kiln_log_sum(f, 0.0, 0.0), 0.43429448190325182, e * 3.6942390771589308e-13);
  return kiln_log_edges(x, KILN_MAD(e, 0.30102999566361177, y));
}

KILN_EM double kiln_log1p(double x) {
  double u = 1.0 + x, e;
  double lost = kiln_abs(x) < 1.0 ? x - (u - 1.0) : 1.0 - (u - x);
  double f = kiln_log_parts(u, &e), y = kiln_log_sum(f, e, lost / u);
  y = x < KILN_INF ? y : x;
  y = x < -1.0 ? KILN_NAN : y;
  y = x == -1.0 ? -KILN_INF : y;
  return kiln_copysign(kiln_abs(x) < 1e-20 ? x : y, x);
}

KILN_EM double kiln_tanh(double x) {
  double a = kiln_abs(x);
  a = a > 20.0 ? 20.0 : a;
  double shifted, r = kiln_ln2_parts(a + a, &shifted), s = kiln_pow2(shifted);
  double t = KILN_MAD(kiln_em1_poly(r), s, s - 1.0);
  return kiln_copysign(t / (t + 2.0), x);
}

KILN_EM double kiln_sigmoid(double x) {
  double e = kiln_exp(-kiln_abs(x));
  return (x < 0.0 ? e : 1.0) / (1.0 + e);
}

/* erf: x + x R(x^2) up to 1, else 1 - exp(-x^2) Q(x). */
KILN_EM double kiln_erf(double x) {
  double a = kiln_abs(x), z = a > 1.0 ? 1.0 : x * x;
  double p = -2.0710199612298374e-05, q = 2.0783907003220709e-05;
  p = KILN_MAD(p, z, -0.00049513156209550502);
  q = KILN_MAD(q, z, 0.00069191750471329038);
  p = KILN_MAD(p, z, -0.0088125392034744936);
  q = KILN_MAD(q, z, 0.0106873659315727);
  p = KILN_MAD(p, z, -0.048309809922429697);
  q = KILN_MAD(q, z, 0.093784171669090921);
  p = KILN_MAD(p, z, -0.31701411121329331);
  q = KILN_MAD(q, z, 0.46045070361428292);
  p = KILN_MAD(p, z, 0.12837916709551259);
  q = KILN_MAD(q, z, 1.0);
  double small = KILN_MAD(x, p / q, x);
  double t = a > 6.0 ? 6.0 : a;
  double n = 0.00060901917409783622, d = 0.0010794585468790166;
  d = KILN_MAD(d, t, 0.016027655387959958);
  n = KILN_MAD(n, t, 0.0090426406189321167);
  d = KILN_MAD(d, t, 0.11439277089977233);
  n = KILN_MAD(n, t, 0.064234600344935694);
  d = KILN_MAD(d, t, 0.50213391283955044);
  n = KILN_MAD(n, t, 0.27877886332648549);
  d = KILN_MAD(d, t, 1.4649285370168703);
  n = KILN_MAD(n, t, 0.79466918093278283);
  d = KILN_MAD(d, t, 2.884550169921702);
  n = KILN_MAD(n, t, 1.4926905443230087);
  d = KILN_MAD(d, t, 3.7207693083142064);
  n = KILN_MAD(n, t, 1.7324311408161086);
  d = KILN_MAD(d, t, 2.8608103056638505);
  n = KILN_MAD(n, t, 0.99999999982738219);
  d = KILN_MAD(d, t, 1.0);
  double large = kiln_copysign(1.0 - kiln_exp(-t * t) * n / d, x);
  return a > 1.0 ? large : small;
}

KILN_PARTS double kiln_quarter_parts(double x, double* shifted) {
  *shifted = KILN_MAD(x, 0.63661977236758134, KILN_ROUND);
  double n = *shifted - KILN_ROUND;
  double r = KILN_MAD(n, -1.5707963267341256, x);
  r = KILN_MAD(n, -6.0771005063039660e-11, r);
  r = KILN_MAD(n, -2.0222662487111665e-21, r);
  return KILN_MAD(n, -8.4784276603688995e-32, r);
}

KILN_EM double kiln_sin_poly(double r) {
  double z = r * r;
  double s = KILN_MAD(1.5896665133323972e-10, z, -2.505075593513547e-08);
  s = KILN_MAD(s, z, 2.7557313678476082e-06);
  s = KILN_MAD(s, z, -0.0001984126982977053);
  s = KILN_MAD(s, z, 0.0083333333333223698);
  s = KILN_MAD(s, z, -0.16666666666666632);
  return KILN_MAD(r, s * z + 0.0, r);
}

KILN_EM double kiln_cos_poly(double r) {
  double z = r * r;
  double c = KILN_MAD(-1.13595574519596e-11, z, 2.0875721584559654e-09);
  c = KILN_MAD(c, z, -2.7557314340345131e-07);
  c = KILN_MAD(c, z, 2.4801587289442276e-05);
  c = KILN_MAD(c, z, -0.0013888888888874062);
  c = KILN_MAD(c, z, 0.041666666666666602);
  double h = 0.5 * z, w = 1.0 - h;
  return w + KILN_MAD(c * z, z, (1.0 - w) - h);
}

KILN_EM double kiln_quarter(double r, uint64_t quarter) {
  double y = (quarter & 1) ? kiln_cos_poly(r) : kiln_sin_poly(r);
  return kiln_unbits(kiln_bits(y) ^ ((quarter & 2) << 62));
}

KILN_EM double kiln_tan_quarter(double r, uint64_t quarter) {
  double s = kiln_sin_poly(r), c = kiln_cos_poly(r);
  return (quarter & 1 ? -c : s) / (quarter & 1 ? s : c);
}

KILN_PARTS double kiln_near_sin(int32_t* far, double x) {
  double shifted, r = kiln_quarter_parts(x, &shifted);
  *far |= kiln_abs(x) > KILN_FAR;
  return kiln_quarter(r, kiln_bits(shifted));
}

KILN_PARTS double kiln_near_cos(int32_t* far, double x) {
  double shifted, r = kiln_quarter_parts(x, &shifted);
  *far |= kiln_abs(x) > KILN_FAR;
  return kiln_quarter(r, kiln_bits(shifted) + 1);
}

KILN_PARTS double kiln_near_tan(int32_t* far, double x) {
  double shifted, r = kiln_quarter_parts(x, &shifted);
  *far |= kiln_abs(x) > KILN_FAR;
  return kiln_tan_quarter(r, kiln_bits(shifted));
}

static inline double kiln_sin(double x) {
  int32_t far = 0;
  uint64_t quarter;
  double y = kiln_near_sin(&far, x);
  if (!far) return y;
  double r = kiln_far_parts(x, &quarter);
  return kiln_quarter(r, quarter);
}

static inline double kiln_cos(double x) {
  int32_t far = 0;
  uint64_t quarter;
  double y = kiln_near_cos(&far, x);
  if (!far) return y;
  double r = kiln_far_parts(x, &quarter);
  return kiln_quarter(r, quarter + 1);
}

static inline double kiln_tan(double x) {
  int32_t far = 0;
  uint64_t quarter;
  double y = kiln_near_tan(&far, x);
  if (!far) return y;
  double r = kiln_far_parts(x, &quarter);
  return kiln_tan_quarter(r, quarter);
}

KILN_EM double kiln_asin_poly(double r, double z) {
  double p = 0.031934985484411905;
  p = KILN_MAD(p, z, -0.016256830990405625);
  p = KILN_MAD(p, z, 0.019548654509449395);
  p = KILN_MAD(p, z, 0.0065206664267471693);
  p = KILN_MAD(p, z, 0.012170867241398467);
  p = KILN_MAD(p, z, 0.013884988840878049);
  p = KILN_MAD(p, z, 0.017359729133684325);
  p = KILN_MAD(p, z, 0.022371756477207974);
  p = KILN_MAD(p, z, 0.030381959200635057);
  p = KILN_MAD(p, z, 0.044642856826836073);
  p = KILN_MAD(p, z, 0.075000000003387524);
  p = KILN_MAD(p, z, 0.16666666666665403);
  return KILN_MAD(p * z, r, r);
}

KILN_EM double kiln_asin(double x) {
  double a = kiln_abs(x), z = a > 0.5 ? 0.5 - 0.5 * a : x * x;
  double s = kiln_asin_poly(a > 0.5 ? kiln_sqrt(z) : a, z);
  return kiln_copysign(a > 0.5 ? 1.5707963267948966 - (s + s - 6.123233995736766e-17) : s, x);
}

KILN_EM double kiln_acos(double x) {
  double a = kiln_abs(x), z = a > 0.5 ? 0.5 - 0.5 * a : x * x;
  double s = kiln_asin_poly(a > 0.5 ? kiln_sqrt(z) : a, z), turned = kiln_copysign(s, x);
  double outer = (x < 0.0 ? 3.1415926535897931 : 0.0) + (turned + turned);
  return a > 0.5 ? outer : 1.5707963267948966 - (turned - 6.123233995736766e-17);
}

KILN_EM double kiln_atan_ratio(double y, double x) {
  double high = 2.4142135623730950 * x, low = 0.41421356237309505 * x;
  double base = y > high ? 1.5707963267948966 : y > low ? 0.78539816339744828 : 0.0;
  double n = y > high ? -x : y > low ? y - x : y, d = y > high ? y : y > low ? y + x : x;
  double t = n / (y == 0.0 ? 1.0 : d), z = t * t;
  double p = -0.017903562289444494;
  p = KILN_MAD(p, z, 0.038060818322513033);
  p = KILN_MAD(p, z, -0.050391395574042201);
  p = KILN_MAD(p, z, 0.058478482571851162);
  p = KILN_MAD(p, z, -0.066630977304130284);
  p = KILN_MAD(p, z, 0.076920595917154319);
  p = KILN_MAD(p, z, -0.090908977184263759);
  p = KILN_MAD(p, z, 0.11111110781927042);
  p = KILN_MAD(p, z, -0.14285714280162212);
  p = KILN_MAD(p, z, 0.19999999999953205);
  p = KILN_MAD(p, z, -0.33333333333333198);
  return base + KILN_MAD(p * z, t, t);
}

KILN_EM double kiln_atan(double x) { return kiln_copysign(kiln_atan_ratio(kiln_abs(x), 1.0), x); }

KILN_EM double kiln_atan2(double y, double x) {
  double a = kiln_abs(y), b = kiln_abs(x), top = a > b ? a : b;
  double scale = top > 1e307 ? 0.0625 : top < 1e-290 ? 18446744073709551616.0 : 1.0;
  double n = a == KILN_INF ? 1.0 : b == KILN_INF ? 0.0 : a * scale;
  double d = b == KILN_INF ? 1.0 : a == KILN_INF ? 0.0 : b * scale;
  double r = kiln_atan_ratio(n, d);
  r = kiln_bits(x) >> 63 ? 3.1415926535897931 - (r - 1.2246467991473532e-16) : r;
  return x != x || y != y ? KILN_NAN : kiln_copysign(r, y);
}

KILN_EM double kiln_em1_fourth(double a) {
  a = a > 710.6 ? 710.6 : a;
  double shifted, r = kiln_ln2_parts(a, &shifted), s = kiln_pow2(shifted - 2.0);
  return KILN_MAD(kiln_em1_poly(r), s, s - 0.25);
}

KILN_EM double kiln_sinh(double x) {
  double e = kiln_em1_fourth(kiln_abs(x));
  return kiln_copysign(2.0 * (e + 0.25 * (e / (e + 0.25))), x);
}

KILN_EM double kiln_cosh(double x) {
  double e = kiln_em1_fourth(kiln_abs(x)) + 0.25;
  return KILN_MAD(2.0, e, 0.125 / e);
}

KILN_EM double kiln_asinh(double x) {
  double a = kiln_abs(x), z = a * a;
  double t = a > 1e18 ? a : a + z / (1.0 + kiln_sqrt(1.0 + z));
  return kiln_copysign(kiln_log1p(t) + (a > 1e18 ? 0.69314718055994531 : 0.0), x);
}

KILN_EM double kiln_acosh(double x) {
  double m = x - 1.0, t = x > 1e18 ? x : m + kiln_sqrt(m * (m + 2.0));
  double y = kiln_log1p(t) + (x > 1e18 ? 0.69314718055994531 : 0.0);
  return x < 1.0 ? KILN_NAN : y;
}

KILN_EM double kiln_atanh(double x) {
  double a = kiln_abs(x);
  return kiln_copysign(0.5 * kiln_log1p((a + a) / (1.0 - a)), x);
}

/* ---- powers ---- */

/* The rules of pow for signs, zeros and ones around y = |x|^e, which is right wherever 0 < |x| and e is
   finite. */
KILN_EM double kiln_pow_rules(double x, double e, double y) {
  double whole = kiln_floor(e), half = e * 0.5;
  double odd = whole == e && kiln_floor(half) != half && kiln_abs(e) < 9007199254740992.0 ? 1.0 : 0.0;
  double z = odd != 0.0 ? kiln_copysign(y, x) : y;
  z = x < 0.0 && x > -KILN_INF && whole != e ? KILN_NAN : z;
  z = x == -1.0 && kiln_abs(e) == KILN_INF ? 1.0 : z;
  return x == 1.0 || e == 0.0 ? 1.0 : z;
}

KILN_EM float kiln_powf(float x, float e) {
  double log = kiln_log(kiln_abs((double)x));
  return (float)kiln_pow_rules((double)x, (double)e, kiln_exp((double)e * log));
}

/* a * b - p for p = a * b rounded: the part that was lost. */
KILN_EM double kiln_product_low(double a, double b, double p) {
#if defined(__FMA__) || defined(__aarch64__)
  return __builtin_elementwise_fma(a, b, -p);
#else
  double ta = a * 134217729.0, ah = ta - (ta - a), al = a - ah;
  double tb = b * 134217729.0, bh = tb - (tb - b), bl = b - bh;
  return ((ah * bh - p) + ah * bl + al * bh) + al * bl;
#endif
}

/* f - s * d, exact for a rounded quotient s = f / d. */
KILN_EM double kiln_remainder(double f, double s, double d) {
#if defined(__FMA__) || defined(__aarch64__)
  return __builtin_elementwise_fma(-s, d, f);
#else
  double sd = s * d;
  return (f - sd) - kiln_product_low(s, d, sd);
#endif
}

/* log|x| as a sum of two doubles, for pow. log(1 + f) = 2 s + s z (2/3 + ...) with s = f / (2 + f), z = s^2,
   where s, z and the first term carry a low part; the rest of the series is too small to need one. */
KILN_PARTS double kiln_log_pair(double x, double* low) {
  double e, f = kiln_log_split(x, &e);
  double d = 2.0 + f, dl = f - (d - 2.0);
  double s = f / d, sl = (kiln_remainder(f, s, d) - s * dl) / d;
  double z = s * s, zl = kiln_product_low(s, s, z) + 2.0 * s * sl;
  double p = 0.11993106344801761;
  p = KILN_MAD(p, z, 0.11674326446653233);
  p = KILN_MAD(p, z, 0.13336341697935764);
  p = KILN_MAD(p, z, 0.15384556238564032);
  p = KILN_MAD(p, z, 0.1818181887961226);
  p = KILN_MAD(p, z, 0.22222222217460377);
  p = KILN_MAD(p, z, 0.2857142857144543);
  p = KILN_MAD(p, z, 0.39999999999999974) * z;
  double t = 0.66666666666666663 + p, tl = (p - (t - 0.66666666666666663)) + 3.7007434154171886e-17;
  double q = z * t, ql = kiln_product_low(z, t, q) + z * tl + zl * t;
  double w = s * q, wl = kiln_product_low(s, q, w) + s * ql + sl * q;
  double h = e * 0.69314718036912382, hl = e * 1.9082149292705877e-10;
  double s2 = 2.0 * s, a = h + s2, al = kiln_abs(h) > kiln_abs(s2) ? s2 - (a - h) : h - (a - s2);
  double b = a + w, bl = w - (b - a);
  double c = b + hl, cl = hl - (c - b);
  *low = al + bl + cl + 2.0 * sl + wl;
  return c;
}

KILN_EM double kiln_pow(double x, double e) {
  double low, a = kiln_abs(x), high = kiln_log_pair(a, &low);
  double p = e * high, pl = kiln_product_low(e, high, p) + e * low;
  double bounded = kiln_abs(p) < 800.0 ? pl : 0.0;
  p = a == 0.0 ? -KILN_INF * e : p;
  p = a < KILN_INF ? p : a * e;
  return kiln_pow_rules(x, e, kiln_exp_sum(p, bounded));
}

/* ---- remainders of division towards zero, exact ---- */

/* A quotient below 2^29 times a float divisor is exact in double; of a larger one, 29 bits go at a time. */
KILN_EM float kiln_fmodf(float x, float y) {
  double a = (double)kiln_absf(x), b = (double)kiln_absf(y), q = a / b;
  while (q >= 536870912.0 && q < KILN_INF) {
    double d = b * kiln_unbits((kiln_bits(q) & 0x7ff0000000000000u) - (28ull << 52));
    a -= kiln_trunc(a / d) * d;
    q = a / b;
  }
  return kiln_copysignf((float)(a < b ? a : a - kiln_trunc(q) * b), x);
}

/* A double's whole mantissa and the exponent of its last bit, counted from the smallest there is. */
KILN_PARTS uint64_t kiln_mantissa(double a, int32_t* e) {
  uint64_t u = kiln_bits(a), m = u & 0xfffffffffffffu;
  *e = u >> 52 ? (int32_t)(u >> 52) - 1 : 0;
  return u >> 52 ? m | (1ull << 52) : m;
}

/* a mod b for 0 < b <= a by long division, eleven bits a step. */
KILN_EM double kiln_fmod_steps(double a, double b) {
  int32_t e, from;
  uint64_t d = kiln_mantissa(b, &e), r = kiln_mantissa(a, &from) % d;
  for (int32_t left = from - e; left > 0 && r != 0; left -= 11) r = (r << (left < 11 ? left : 11)) % d;
  double unit = kiln_unbits(e < 52 ? 1ull << e : (uint64_t)(e - 51) << 52);
  return (double)r * unit;
}

KILN_EM double kiln_fmod(double x, double y) {
  double a = kiln_abs(x), b = kiln_abs(y);
  if (!(b > 0.0) || !(a < KILN_INF)) return KILN_NAN;
  if (a < b) return x;
#if defined(__FMA__) || defined(__aarch64__)
  double q = a / b;
  if (q < 9007199254740992.0) {
    double r = __builtin_elementwise_fma(-kiln_trunc(q), b, a);   /* negative where q was rounded up */
    return kiln_copysign(r < 0.0 ? r + b : r, x);
  }
#endif
  return kiln_copysign(kiln_fmod_steps(a, b), x);
}
#endif
