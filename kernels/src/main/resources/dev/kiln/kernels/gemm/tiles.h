#ifndef KILN_TILES_H
#define KILN_TILES_H
/* The AMX instructions that products need, by tile number. KILN_EMULATE_TILES computes them in plain C, to test on any
   machine, in one thread at a time, what is made of them. */
#if defined(KILN_EMULATE_TILES)
typedef struct kiln_tile { uint32_t at[16][16]; } kiln_tile;
static kiln_tile kiln_tiles[8];
static inline void kiln_tiles_configure(void) { __builtin_memset(kiln_tiles, 0xff, sizeof kiln_tiles); }
static inline void kiln_tiles_release(void) { }
static inline void kiln_tile_copy(void* to, int64_t to_stride, const void* from, int64_t from_stride) {
  for (int r = 0; r < 16; r++) __builtin_memcpy((char*)to + r * to_stride, (const char*)from + r * from_stride, 64);
}
#define KILN_TILE_ZERO(t) __builtin_memset(&kiln_tiles[t], 0, 1024)
#define KILN_TILE_LOAD(t, from, stride) kiln_tile_copy(&kiln_tiles[t], 64, from, stride)
#define KILN_TILE_STORE(t, to, stride) kiln_tile_copy(to, stride, &kiln_tiles[t], 64)
static inline float kiln_tile_f32(uint32_t bits) { float x; __builtin_memcpy(&x, &bits, 4); return x; }
static inline void kiln_tile_bf16(int c, int a, int b) {
  for (int m = 0; m < 16; m++)
    for (int k = 0; k < 16; k++)
      for (int n = 0; n < 16; n++) {
        const uint32_t x = kiln_tiles[a].at[m][k], y = kiln_tiles[b].at[k][n];
        float sum = kiln_tile_f32(kiln_tiles[c].at[m][n]);
        sum += kiln_tile_f32(x << 16) * kiln_tile_f32(y << 16);
        sum += kiln_tile_f32(x & 0xffff0000u) * kiln_tile_f32(y & 0xffff0000u);
        __builtin_memcpy(&kiln_tiles[c].at[m][n], &sum, 4);
      }
}
static inline void kiln_tile_u8i8(int c, int a, int b) {
  for (int m = 0; m < 16; m++)
    for (int k = 0; k < 16; k++)
      for (int n = 0; n < 16; n++)
        for (int i = 0; i < 32; i += 8)
          kiln_tiles[c].at[m][n] += (uint32_t)((int32_t)(uint8_t)(kiln_tiles[a].at[m][k] >> i)
              * (int32_t)(int8_t)(kiln_tiles[b].at[k][n] >> i));
}
#define KILN_TILE_BF16_PAIR(c, a, b) kiln_tile_bf16(c, a, b)
#define KILN_TILE_BYTE_QUAD(c, a, b) kiln_tile_u8i8(c, a, b)
#else
static inline void kiln_tiles_configure(void) {
  struct { uint8_t palette, start, reserved[14]; uint16_t bytes[16]; uint8_t rows[16]; } all = {1, 0, {0}, {0}, {0}};
  for (int t = 0; t < 8; t++) { all.bytes[t] = 64; all.rows[t] = 16; }
  __asm__ volatile("ldtilecfg %0" :: "m"(all));
}
static inline void kiln_tiles_release(void) { __asm__ volatile("tilerelease"); }
#define KILN_TILE_ZERO(t) __asm__ volatile("tilezero %%tmm" #t ::)
#define KILN_TILE_LOAD(t, from, stride) \
  __asm__ volatile("tileloadd (%0,%1,1), %%tmm" #t :: "r"(from), "r"((int64_t)(stride)) : "memory")
#define KILN_TILE_STORE(t, to, stride) \
  __asm__ volatile("tilestored %%tmm" #t ", (%0,%1,1)" :: "r"(to), "r"((int64_t)(stride)) : "memory")
#define KILN_TILE_BF16_PAIR(c, a, b) __asm__ volatile("tdpbf16ps %%tmm" #b ", %%tmm" #a ", %%tmm" #c ::)
#define KILN_TILE_BYTE_QUAD(c, a, b) __asm__ volatile("tdpbusd %%tmm" #b ", %%tmm" #a ", %%tmm" #c ::)
#endif
#endif
