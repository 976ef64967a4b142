#define KILN_HIDDEN __attribute__((visibility("hidden")))
#define KILN_INLINE static inline __attribute__((always_inline))

/* Transposes into a tile: tile[b * SIDE + a] = from[a * step + b] for a < width, b < height, both at most SIDE; in squares
   of 8 x 8 where elements have four bytes. Most tiles are whole. */
enum { SIDE = @SIDE@ };

#define KILN_REST(T, bytes) \
  KILN_INLINE void kiln_transpose_rest_##bytes(T* tile, const T* from, int64_t step, int64_t b0, int64_t height, \
      int64_t a0, int64_t width) { \
    for (int64_t a = a0; a < width; a++) for (int64_t b = b0; b < height; b++) tile[b * SIDE + a] = from[a * step + b]; }
KILN_REST(uint8_t, 1)
KILN_REST(uint16_t, 2)
KILN_REST(uint32_t, 4)
KILN_REST(uint64_t, 8)
#define KILN_PLAIN(T, bytes) \
  KILN_HIDDEN void kiln_transpose_##bytes(void* tile, const void* from, int64_t step, int64_t height, int64_t width) { \
    kiln_transpose_rest_##bytes((T*)tile, (const T*)from, step, 0, height, 0, width); }
KILN_PLAIN(uint8_t, 1)
KILN_PLAIN(uint16_t, 2)
KILN_PLAIN(uint64_t, 8)

typedef uint32_t kiln_words __attribute__((vector_size(32), aligned(4), may_alias));
#define KILN_PAIRS(x, y, ...) __builtin_shufflevector(x, y, __VA_ARGS__)
KILN_INLINE void kiln_transpose_squares(uint32_t* tile, const uint32_t* from, int64_t step, int64_t rows, int64_t columns) {
  for (int64_t a = 0; a < columns; a += 8) {
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
        *(kiln_words*)(tile + (b + i) * SIDE + a) = KILN_PAIRS(x[i], x[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        *(kiln_words*)(tile + (b + i + 4) * SIDE + a) = KILN_PAIRS(x[i], x[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
      }
    }
  }
}

KILN_HIDDEN void kiln_transpose_4(void* to, const void* words, int64_t step, int64_t height, int64_t width) {
  uint32_t* tile = (uint32_t*)to;
  const uint32_t* from = (const uint32_t*)words;
  if (height == SIDE && width == SIDE) {
    kiln_transpose_squares(tile, from, step, SIDE, SIDE);
    return;
  }
  const int64_t rows = height & ~(int64_t)7, columns = width & ~(int64_t)7;
  kiln_transpose_squares(tile, from, step, rows, columns);
  kiln_transpose_rest_4(tile, from, step, rows, height, 0, columns);
  kiln_transpose_rest_4(tile, from, step, 0, height, columns, width);
}
