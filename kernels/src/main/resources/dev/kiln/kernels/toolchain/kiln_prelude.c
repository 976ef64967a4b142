/* What clang may call even in freestanding code. Weak and hidden: linked into each shared object that needs
   it (unused parts are dropped), never visible outside. Compiled with -fno-builtin, or the loops would become
   calls to the very functions they define. */

typedef __SIZE_TYPE__ size_t;
typedef unsigned char u8;
typedef u8 chunk __attribute__((vector_size(32), aligned(1), may_alias));

#define WIDE sizeof(chunk)
#define KILN_WEAK __attribute__((weak, visibility("hidden")))

KILN_WEAK void *memcpy(void *restrict to, const void *restrict from, size_t n) {
  u8 *d = to;
  const u8 *s = from;
  for (; n >= WIDE; n -= WIDE, d += WIDE, s += WIDE) *(chunk *)d = *(const chunk *)s;
  for (; n; n--) *d++ = *s++;
  return to;
}

KILN_WEAK void *memmove(void *to, const void *from, size_t n) {
  u8 *d = to;
  const u8 *s = from;
  if ((size_t)(d - s) >= n) {
    for (; n >= WIDE; n -= WIDE, d += WIDE, s += WIDE) *(chunk *)d = *(const chunk *)s;
    for (; n; n--) *d++ = *s++;
    return to;
  }
  for (; n >= WIDE; n -= WIDE) *(chunk *)(d + n - WIDE) = *(const chunk *)(s + n - WIDE);
  for (; n; n--) d[n - 1] = s[n - 1];
  return to;
}

KILN_WEAK void *memset(void *to, int value, size_t n) {
  u8 *d = to;
  chunk fill = (chunk){} + (u8)value;
  for (; n >= WIDE; n -= WIDE, d += WIDE) *(chunk *)d = fill;
  for (; n; n--) *d++ = (u8)value;
  return to;
}

KILN_WEAK int memcmp(const void *a, const void *b, size_t n) {
  const u8 *x = a, *y = b;
  for (size_t i = 0; i < n; i++)
    if (x[i] != y[i]) return x[i] < y[i] ? -1 : 1;
  return 0;
}

#if defined(__x86_64__)
/* Conversions to 16-bit floats without hardware for them; round to nearest even, NaN stays NaN. */
KILN_WEAK __bf16 __truncsfbf2(float x) {
  unsigned bits = __builtin_bit_cast(unsigned, x);
  unsigned nan = (bits & 0x7fffffffu) > 0x7f800000u;
  unsigned rounded = (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
  unsigned short out = nan ? (unsigned short)(bits >> 16 | 0x40u) : (unsigned short)rounded;
  return __builtin_bit_cast(__bf16, out);
}

/* Rounding to odd on the way makes the second rounding exact. */
static float to_odd(double x) {
  float f = (float)x;
  unsigned bits = __builtin_bit_cast(unsigned, f);
  if (x != x || (double)f == x || __builtin_isinf(x)) return f;
  double a = x < 0 ? -x : x, b = f < 0 ? -(double)f : (double)f;
  if (b > a) bits--;
  return __builtin_bit_cast(float, bits | 1u);
}

KILN_WEAK __bf16 __truncdfbf2(double x) { return __truncsfbf2(to_odd(x)); }

#if defined(__F16C__)
KILN_WEAK _Float16 __truncdfhf2(double x) { return (_Float16)to_odd(x); }
#else
KILN_WEAK float __extendhfsf2(_Float16 h) {
  unsigned bits = __builtin_bit_cast(unsigned short, h), places = (bits & 0x7fffu) << 13;
  float x = (bits & 0x7c00u) == 0x7c00u ? __builtin_bit_cast(float, places | 0x7f800000u)
      : __builtin_bit_cast(float, places) * 0x1p112f;
  return bits & 0x8000u ? -x : x;
}
#endif
#endif
