#define KILN_HIDDEN __attribute__((visibility("hidden")))
#define KILN_INLINE static inline __attribute__((always_inline))

/* Transposes into a tile: tile[b * side + a] = from[a * step + b] for a < width, b < height; in squares of 8 x 8 where
   elements have four bytes, or of 16 x 16 where a register holds a cache line. */

#define KILN_REST(T, bytes) \
  KILN_INLINE void kiln_transpose_rest_##bytes(T* tile, int64_t side, const T* from, int64_t step, int64_t b0, \
      int64_t height, int64_t a0, int64_t width) { \
    for (int64_t a = a0; a < width; a++) for (int64_t b = b0; b < height; b++) tile[b * side + a] = from[a * step + b]; }
KILN_REST(uint8_t, 1)
KILN_REST(uint16_t, 2)
KILN_REST(uint32_t, 4)
KILN_REST(uint64_t, 8)
#define KILN_PLAIN(T, bytes) \
  KILN_HIDDEN void kiln_transpose_##bytes(void* tile, int64_t side, const void* from, int64_t step, int64_t height, \
      int64_t width) { \
    kiln_transpose_rest_##bytes((T*)tile, side, (const T*)from, step, 0, height, 0, width); }
KILN_PLAIN(uint8_t, 1)
KILN_PLAIN(uint16_t, 2)
KILN_PLAIN(uint64_t, 8)

typedef uint32_t kiln_words __attribute__((vector_size(32), aligned(4), may_alias));
#define KILN_PAIRS(x, y, ...) __builtin_shufflevector(x, y, __VA_ARGS__)
KILN_INLINE void kiln_transpose_squares(uint32_t* tile, int64_t side, const uint32_t* from, int64_t step, int64_t rows,
    int64_t first, int64_t columns) {
  for (int64_t a = first; a < columns; a += 8) {
    for (int64_t b = 0; b < rows; b += 8) {
      kiln_words x[8], y[8];
      for (int i = 0; i < 8; i++) x[i] = *(const kiln_words*)(from + (a + i) * step + b);
      for (int i = 0; i < 8; i += 2) {
        y[i] = KILN_PAIRS(x[i], x[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        y[i + 1] = KILN_PAIRS(x[i], x[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
      }
      for (int i = 0; i < 8; i += 4) {
        x[i] = KILN_PAIRS(y[i], y[i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
        x[i + 1] = KILN_PAIRS(y[i], y[i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        x[i + 2] = KILN_PAIRS(y[i + 1], y[i + 3], 0, 1, 8, 9, 4, 5, 12, 13);
        x[i + 3] = KILN_PAIRS(y[i + 1], y[i + 3], 2, 3, 10, 11, 6, 7, 14, 15);
      }
      for (int i = 0; i < 4; i++) {
        *(kiln_words*)(tile + (b + i) * side + a) = KILN_PAIRS(x[i], x[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        *(kiln_words*)(tile + (b + i + 4) * side + a) = KILN_PAIRS(x[i], x[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
      }
    }
  }
}

#if defined(__AVX512F__)
typedef uint32_t kiln_line_words __attribute__((vector_size(64), aligned(4), may_alias));
#define KILN_QUADS(x, y, a, b, c, d) KILN_PAIRS(x, y, a, a + 1, a + 2, a + 3, b, b + 1, b + 2, b + 3, \
    c, c + 1, c + 2, c + 3, d, d + 1, d + 2, d + 3)
/* Words are exchanged within quarters of a register, then quarters. */
KILN_INLINE void kiln_transpose_lines(uint32_t* tile, int64_t side, const uint32_t* from, int64_t step) {
  kiln_line_words x[16], y[16];
  for (int i = 0; i < 16; i++) x[i] = *(const kiln_line_words*)(from + i * step);
  for (int i = 0; i < 16; i += 2) {
    y[i] = KILN_PAIRS(x[i], x[i + 1], 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
    y[i + 1] = KILN_PAIRS(x[i], x[i + 1], 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
  }
  for (int i = 0; i < 16; i += 4) for (int k = 0; k < 2; k++) {
    x[i + 2 * k] = KILN_PAIRS(y[i + k], y[i + 2 + k], 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
    x[i + 2 * k + 1] = KILN_PAIRS(y[i + k], y[i + 2 + k], 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
  }
  for (int i = 0; i < 4; i++) {
    const kiln_line_words a = KILN_QUADS(x[i], x[4 + i], 0, 8, 16, 24), b = KILN_QUADS(x[8 + i], x[12 + i], 0, 8, 16, 24);
    const kiln_line_words c = KILN_QUADS(x[i], x[4 + i], 4, 12, 20, 28), d = KILN_QUADS(x[8 + i], x[12 + i], 4, 12, 20, 28);
    *(kiln_line_words*)(tile + i * side) = KILN_QUADS(a, b, 0, 8, 16, 24);
    *(kiln_line_words*)(tile + (i + 4) * side) = KILN_QUADS(c, d, 0, 8, 16, 24);
    *(kiln_line_words*)(tile + (i + 8) * side) = KILN_QUADS(a, b, 4, 12, 20, 28);
    *(kiln_line_words*)(tile + (i + 12) * side) = KILN_QUADS(c, d, 4, 12, 20, 28);
  }
}
#endif

KILN_HIDDEN void kiln_transpose_4(void* to, int64_t side, const void* words, int64_t step, int64_t height, int64_t width) {
  uint32_t* tile = (uint32_t*)to;
  const uint32_t* from = (const uint32_t*)words;
  int64_t whole = 0;
#if defined(__AVX512F__)
  if (height == 16) for (; whole + 16 <= width; whole += 16) kiln_transpose_lines(tile + whole, side, from + whole * step, step);
#endif
  const int64_t rows = height & ~(int64_t)7, columns = width & ~(int64_t)7;
  kiln_transpose_squares(tile, side, from, step, rows, whole, columns);
  kiln_transpose_rest_4(tile, side, from, step, rows, height, 0, columns);
  kiln_transpose_rest_4(tile, side, from, step, 0, height, columns, width);
}
