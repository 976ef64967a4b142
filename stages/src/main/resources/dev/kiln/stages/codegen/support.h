/* What generated kernels call besides the elementary functions. */
typedef struct kiln_args {
  const kiln_call* call;
  int32_t* failed;            /* set to a KILN_FAILED_ code by a kernel that finds bad data */
  const int64_t* syms;
  void* const* p;             /* the kernel's buffers */
  void* scratch;              /* scratch_bytes for each worker, for kernels that ask for it */
  int64_t scratch_bytes;
} kiln_args;

#define KILN_FAILED_INDEX 1
#define KILN_FAILED_DIVISION 2
#define KILN_FAILED_SIZE 3
#define KILN_FAILED_ASSERTION 16       /* and above: the number of the assertion */
#define KILN_HIDDEN __attribute__((visibility("hidden")))
#define KILN_INLINE static inline __attribute__((always_inline))
#define KILN_INFINITY __builtin_inff()
#define KILN_NOT_A_NUMBER __builtin_nanf("")

KILN_INLINE int64_t kiln_floordiv(int64_t a, int64_t b) { int64_t q = a / b; return q - ((a % b != 0) & ((a < 0) != (b < 0))); }
KILN_INLINE int64_t kiln_mod(int64_t a, int64_t b) { int64_t r = a % b; return r + (((r != 0) & ((r < 0) != (b < 0))) ? b : 0); }
KILN_INLINE int64_t kiln_imax(int64_t a, int64_t b) { return a > b ? a : b; }
KILN_INLINE int64_t kiln_imin(int64_t a, int64_t b) { return a < b ? a : b; }
KILN_INLINE int64_t kiln_align(int64_t bytes) { return (bytes + 63) & ~(int64_t)63; }
/* Rows of a product that a reference computes: the first, the last, and one in 17 between, so that every place of a
   tile is met. */
KILN_INLINE int32_t kiln_is_checked(int64_t row, int64_t rows) { return row < 64 || row >= rows - 64 || row % 17 == 0; }
/* Rows that make a chunk worth handing out, for a row of that many scalar operations. */
KILN_INLINE int64_t kiln_grain(int64_t cost) { int64_t rows = 65536 / (cost + 1); return rows < 1 ? 1 : rows; }

/* NaN wins, as in PyTorch. */
KILN_INLINE float kiln_max_f32(float a, float b) { return ((a > b) | (a != a)) ? a : b; }
KILN_INLINE float kiln_min_f32(float a, float b) { return ((a < b) | (a != a)) ? a : b; }
KILN_INLINE double kiln_max_f64(double a, double b) { return ((a > b) | (a != a)) ? a : b; }
KILN_INLINE double kiln_min_f64(double a, double b) { return ((a < b) | (a != a)) ? a : b; }

/* Folds over what is in one row: NaN wins, and the vectoriser knows them. */
#define kiln_fold_max(a, b) __builtin_elementwise_maximum(a, b)
#define kiln_fold_min(a, b) __builtin_elementwise_minimum(a, b)

/* The extremes of floats by integer folds of their bits, one instruction each where a maximum that heeds NaN takes
   six: bits grow with the number among positive floats and fall among negative ones. */
typedef struct { int32_t top; uint32_t low, high; } kiln_bounds;
#define KILN_NO_BOUNDS {-2147483647 - 1, 0xffffffffu, 0}
KILN_INLINE void kiln_widen(kiln_bounds* b, float x) {
  uint32_t u = kiln_bitsf(x);
  int32_t i = (int32_t)u;
  b->top = i > b->top ? i : b->top;
  b->low = u < b->low ? u : b->low;
  b->high = u > b->high ? u : b->high; }
KILN_INLINE int kiln_has_nan(kiln_bounds b) { return (b.top > 0x7f800000) | (b.high > 0xff800000u); }
KILN_INLINE float kiln_highest(kiln_bounds b) {
  return b.low > b.high ? -KILN_INFINITY : kiln_has_nan(b) ? KILN_NOT_A_NUMBER
    : kiln_unbitsf(b.top >= 0 ? (uint32_t)b.top : b.low); }
KILN_INLINE float kiln_lowest(kiln_bounds b) {
  return b.low > b.high ? KILN_INFINITY : kiln_has_nan(b) ? KILN_NOT_A_NUMBER
    : kiln_unbitsf(b.high >> 31 ? b.high : b.low); }

/* Folds of strips of 64 floats that lie in memory or in registers, by lanes, which are folded once a row. A maximum
   that need not heed NaN: it stands only where NaN gets to the result by another way. */
typedef float kiln_lanes __attribute__((ext_vector_type(16)));
typedef kiln_lanes kiln_floats __attribute__((aligned(4), may_alias));
#define KILN_STRIP_FOLD(name, op) \
  KILN_INLINE kiln_lanes kiln_strip_##name(kiln_lanes a, const float* x, int64_t n, float rest) { \
    float whole[64] __attribute__((aligned(64))); \
    if (n < 64) { for (int64_t i = 0; i < 64; i++) whole[i] = i < n ? x[i] : rest; x = whole; } \
    const kiln_floats* v = (const kiln_floats*)x; \
    const kiln_lanes b = v[0], c = v[1], d = v[2], e = v[3], f = op(b, c), g = op(d, e), h = op(f, g); \
    return op(h, a); } \
  KILN_INLINE float kiln_lanes_##name(kiln_lanes a) { \
    typedef float eight __attribute__((ext_vector_type(8))); typedef float four __attribute__((ext_vector_type(4))); \
    const eight b = op(a.lo, a.hi); const four c = op(b.lo, b.hi); \
    const float d = op(c[0], c[2]), e = op(c[1], c[3]); return op(d, e); }
#define KILN_PLUS(a, b) ((a) + (b))
#define KILN_GREATER(a, b) ((a) > (b) ? (a) : (b))
KILN_STRIP_FOLD(sum, KILN_PLUS)
KILN_STRIP_FOLD(max, KILN_GREATER)
#undef KILN_STRIP_FOLD
#undef KILN_PLUS
#undef KILN_GREATER

/* Shifts by less than nothing or by the whole word leave only the sign. */
KILN_INLINE int64_t kiln_shift_left(int64_t x, int64_t by, int64_t bits) {
  return (uint64_t)by < (uint64_t)bits ? (int64_t)((uint64_t)x << by) : 0; }
KILN_INLINE int64_t kiln_shift_right(int64_t x, int64_t by, int64_t bits) {
  return x >> ((uint64_t)by < (uint64_t)bits ? by : 63); }

KILN_INLINE int64_t kiln_check_index(int64_t index, int64_t size, int32_t* failed) {
  int64_t place = index < 0 ? index + size : index;
  if (__builtin_expect((uint64_t)place >= (uint64_t)size, 0)) { *failed = KILN_FAILED_INDEX; return 0; }
  return place;
}

#define KILN_INT_DIVISION(T, N) \
  KILN_INLINE T kiln_div_##N(T a, T b, int32_t* failed) { \
    if (__builtin_expect(b == 0, 0)) { *failed = KILN_FAILED_DIVISION; return 0; } \
    return b == (T)-1 ? (T)(0 - (uint64_t)a) : (T)(a / b); } \
  KILN_INLINE T kiln_fmod_##N(T a, T b, int32_t* failed) { \
    if (__builtin_expect(b == 0, 0)) { *failed = KILN_FAILED_DIVISION; return 0; } \
    return b == (T)-1 ? 0 : (T)(a % b); } \
  KILN_INLINE T kiln_remainder_##N(T a, T b, int32_t* failed) { \
    T r = kiln_fmod_##N(a, b, failed); return r != 0 && ((r < 0) != (b < 0)) ? (T)(r + b) : r; } \
  KILN_INLINE T kiln_floor_div_##N(T a, T b, int32_t* failed) { \
    T q = kiln_div_##N(a, b, failed); return kiln_fmod_##N(a, b, failed) != 0 && ((a < 0) != (b < 0)) ? (T)(q - 1) : q; } \
  KILN_INLINE T kiln_pow_##N(T a, T b) { \
    if (b < 0) return a == 1 ? 1 : a == (T)-1 ? (b % 2 ? (T)-1 : 1) : 0; \
    uint64_t r = 1, x = (uint64_t)a; for (uint64_t e = (uint64_t)b; e; e >>= 1) { if (e & 1) r *= x; x *= x; } return (T)r; }
KILN_INT_DIVISION(int64_t, i64)
KILN_INT_DIVISION(int32_t, i32)
KILN_INT_DIVISION(int16_t, i16)
KILN_INT_DIVISION(int8_t, i8)
#undef KILN_INT_DIVISION
#define KILN_UNSIGNED_DIVISION(T, N) \
  KILN_INLINE T kiln_div_##N(T a, T b, int32_t* failed) { \
    if (__builtin_expect(b == 0, 0)) { *failed = KILN_FAILED_DIVISION; return 0; } return a / b; } \
  KILN_INLINE T kiln_fmod_##N(T a, T b, int32_t* failed) { \
    if (__builtin_expect(b == 0, 0)) { *failed = KILN_FAILED_DIVISION; return 0; } return a % b; } \
  KILN_INLINE T kiln_remainder_##N(T a, T b, int32_t* failed) { return kiln_fmod_##N(a, b, failed); } \
  KILN_INLINE T kiln_floor_div_##N(T a, T b, int32_t* failed) { return kiln_div_##N(a, b, failed); } \
  KILN_INLINE T kiln_pow_##N(T a, T b) { \
    uint64_t r = 1, x = a; for (uint64_t e = b; e; e >>= 1) { if (e & 1) r *= x; x *= x; } return (T)r; }
KILN_UNSIGNED_DIVISION(uint64_t, u64)
KILN_UNSIGNED_DIVISION(uint32_t, u32)
KILN_UNSIGNED_DIVISION(uint16_t, u16)
KILN_UNSIGNED_DIVISION(uint8_t, u8)
#undef KILN_UNSIGNED_DIVISION
KILN_INLINE uint64_t kiln_shift_right_u64(uint64_t x, uint64_t by) { return by < 64 ? x >> by : 0; }
KILN_INLINE uint64_t kiln_to_u64(double x) { return x < 0x1p63 ? (uint64_t)(int64_t)x : (uint64_t)x; }

KILN_INLINE float kiln_floor_div_f32(float a, float b) {
  if (b == 0) return a / b;
  float m = kiln_fmodf(a, b); float d = (a - m) / b; if (m != 0 && (b < 0) != (m < 0)) d -= 1;
  if (d == 0) return __builtin_copysignf(0, a / b);
  float f = kiln_floorf(d); return d - f > 0.5f ? f + 1 : f; }
KILN_INLINE double kiln_floor_div_f64(double a, double b) {
  if (b == 0) return a / b;
  double m = kiln_fmod(a, b); double d = (a - m) / b; if (m != 0 && (b < 0) != (m < 0)) d -= 1;
  if (d == 0) return __builtin_copysign(0, a / b);
  double f = kiln_floor(d); return d - f > 0.5 ? f + 1 : f; }
KILN_INLINE float kiln_remainder_f32(float a, float b) { float m = kiln_fmodf(a, b); return m != 0 && (b < 0) != (m < 0) ? m + b : m; }
KILN_INLINE double kiln_remainder_f64(double a, double b) { double m = kiln_fmod(a, b); return m != 0 && (b < 0) != (m < 0) ? m + b : m; }

/* Half precisions lie in memory as 16 bits and are computed in float; rounding is to nearest, ties to even. */
KILN_INLINE float kiln_from_bf16(uint16_t h) { return kiln_unbitsf((uint32_t)h << 16); }
KILN_INLINE uint16_t kiln_to_bf16(float x) {
  uint32_t u = kiln_bitsf(x);
  return (uint16_t)(x != x ? (u >> 16) | 0x40 : (u + 0x7fff + ((u >> 16) & 1)) >> 16); }
#if defined(__F16C__) || defined(__aarch64__)
KILN_INLINE float kiln_from_f16(uint16_t h) { _Float16 x; __builtin_memcpy(&x, &h, 2); return (float)x; }
KILN_INLINE uint16_t kiln_to_f16(float x) { _Float16 y = (_Float16)x; uint16_t h; __builtin_memcpy(&h, &y, 2); return h; }
#else
KILN_INLINE float kiln_from_f16(uint16_t h) {
  uint32_t u = (uint32_t)(h & 0x7fff) << 13;
  float x = (h & 0x7c00) == 0x7c00 ? kiln_unbitsf(u | 0x7f800000) : kiln_unbitsf(u) * 0x1p112f;
  return h & 0x8000 ? -x : x; }
KILN_INLINE uint16_t kiln_to_f16(float x) {
  uint32_t u = kiln_bitsf(x), a = u & 0x7fffffff;
  uint32_t tiny = kiln_bitsf(kiln_unbitsf(a) + 0.5f) - kiln_bitsf(0.5f);   /* 0.5 has the units of a tiny half */
  uint32_t usual = (a + 0xc8000fff + ((a >> 13) & 1)) >> 13;
  uint32_t h = a > 0x7f800000 ? 0x7e00 : a >= 0x477ff000 ? 0x7c00 : a < 0x38800000 ? tiny : usual;
  return (uint16_t)(h | (u >> 16 & 0x8000)); }
#endif

/* 8-bit floats: e4m3fn has no infinity (too much is 448), e5m2 is the upper half of an f16. */
KILN_INLINE uint32_t kiln_f8_tiny(uint32_t a, float step) { return kiln_bitsf(kiln_unbitsf(a) + step) - kiln_bitsf(step); }
KILN_INLINE float kiln_from_f8e4m3fn(uint8_t h) {
  float x = (h & 0x7f) == 0x7f ? KILN_NOT_A_NUMBER : kiln_unbitsf((uint32_t)(h & 0x7f) << 20) * 0x1p120f;
  return h & 0x80 ? -x : x; }
KILN_INLINE uint8_t kiln_to_f8e4m3fn(float x) {
  uint32_t u = kiln_bitsf(x), a = u & 0x7fffffff;
  uint32_t h = a > 0x7f800000 ? 0x7f : a >= 0x43e00000 ? 0x7e : a < 0x3c800000 ? kiln_f8_tiny(a, 0x1p14f)
    : (a + 0x7ffff + ((a >> 20) & 1) - (120u << 23)) >> 20;
  return (uint8_t)(h | (u >> 24 & 0x80)); }
KILN_INLINE float kiln_from_f8e5m2(uint8_t h) { return kiln_from_f16((uint16_t)(h << 8)); }
KILN_INLINE uint8_t kiln_to_f8e5m2(float x) {
  uint32_t u = kiln_bitsf(x), a = u & 0x7fffffff;
  uint32_t h = a > 0x7f800000 ? 0x7f : a >= 0x47800000 ? 0x7c : a < 0x38800000 ? kiln_f8_tiny(a, 0x1p7f)
    : (a + 0xfffff + ((a >> 21) & 1) - (112u << 23)) >> 21;
  return (uint8_t)(h | (u >> 24 & 0x80)); }

/* Unsigned integers in the order of the numbers; NaN comes last, and -0 is 0. */
KILN_INLINE uint32_t kiln_order_i32(int32_t x) { return (uint32_t)x ^ 0x80000000u; }
KILN_INLINE uint32_t kiln_order_u32(uint32_t x) { return x; }
KILN_INLINE uint64_t kiln_order_u64(uint64_t x) { return x; }
KILN_INLINE uint64_t kiln_order_i64(int64_t x) { return (uint64_t)x ^ 0x8000000000000000u; }
KILN_INLINE uint32_t kiln_order_f32(float x) {
  uint32_t u = x == 0 ? 0 : kiln_bitsf(x);
  return x != x ? 0xffffffffu : u & 0x80000000u ? ~u : u | 0x80000000u; }
KILN_INLINE uint64_t kiln_order_f64(double x) {
  uint64_t u = 0; if (x != 0) __builtin_memcpy(&u, &x, 8);
  return x != x ? ~(uint64_t)0 : u >> 63 ? ~u : u | 0x8000000000000000u; }

KILN_INLINE double kiln_log_add_exp(double a, double b) {
  double high = kiln_max_f64(a, b), low = kiln_min_f64(a, b);
  return high - high != 0 ? high : high + kiln_log1p(kiln_exp(low - high)); }

/* Of transpose.c: tile[b * side + a] = from[a * step + b] for a < width, b < height. */
#define KILN_TRANSPOSE(bytes) \
  KILN_HIDDEN void kiln_transpose_##bytes(void* tile, int64_t side, const void* from, int64_t step, int64_t height, int64_t width);
KILN_TRANSPOSE(1)
KILN_TRANSPOSE(2)
KILN_TRANSPOSE(4)
KILN_TRANSPOSE(8)
#undef KILN_TRANSPOSE

/* Whole cache lines past the caches, which need not fetch them first; kiln_streamed orders them before what follows. */
typedef int64_t kiln_line __attribute__((vector_size(64), aligned(64), may_alias));
KILN_INLINE void kiln_stream_whole(void* to, const void* line, int64_t bytes) {
  char* target = (char*)to;
  const char* source = (const char*)line;
  if (((uint64_t)target | (uint64_t)bytes) & 63) { __builtin_memcpy(target, source, (uint64_t)bytes); return; }
  for (int64_t i = 0; i < bytes; i += 64)
    __builtin_nontemporal_store(*(const kiln_line*)(source + i), (kiln_line*)(target + i)); }
static __attribute__((noinline, unused)) void kiln_stream(void* to, const void* line, int64_t bytes) {
  kiln_stream_whole(to, line, bytes); }
KILN_INLINE void kiln_streamed(void) {
#if defined(__x86_64__)
  __builtin_ia32_sfence();
#else
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}
