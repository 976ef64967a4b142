/* The native calling convention of Kiln; docs/ABI.md describes it. Put first in every generated unit. */
#ifndef KILN_RUNTIME_H
#define KILN_RUNTIME_H

typedef __INT8_TYPE__ int8_t;
typedef __INT16_TYPE__ int16_t;
typedef __INT32_TYPE__ int32_t;
typedef __INT64_TYPE__ int64_t;
typedef __UINT8_TYPE__ uint8_t;
typedef __UINT16_TYPE__ uint16_t;
typedef __UINT32_TYPE__ uint32_t;
typedef __UINT64_TYPE__ uint64_t;

#define KILN_EXPORT __attribute__((visibility("default")))

typedef struct kiln_pool kiln_pool;
typedef void (*kiln_task)(void* ctx, int64_t begin, int64_t end, int32_t worker);

typedef struct kiln_runtime {              /* function table of the runtime library */
  int32_t  threads;                        /* workers of the pool, the caller included: worker ids are 0..threads-1 */
  int32_t  reserved;
  kiln_pool* pool;
  void (*parallel_for)(kiln_pool*, kiln_task, void* ctx, int64_t n, int64_t grain);
} kiln_runtime;

typedef struct kiln_call {
  const kiln_runtime* rt;
  int64_t* syms;                           /* values of the graph's symbols, in the order of CompiledGraph.symbols;
                                              the graph itself writes those that come from data */
  void* const* inputs;                     /* in graph order */
  void* const* outputs;                    /* allocated by the caller from the output size expressions */
  const void* const* constants;            /* memory-mapped weights and packed weights */
  void* workspace;                         /* kiln_workspace_bytes(...) bytes, 64-byte aligned */
  void* const* externs;                    /* library functions named by CompiledGraph.externs */
  uint64_t* spent;                         /* clock ticks of each step are added here; null if nobody asks */
} kiln_call;

/* The clock of the processor, at a rate that does not change. */
#if defined(__x86_64__)
static inline uint64_t kiln_ticks(void) { return __builtin_ia32_rdtsc(); }
#elif defined(__aarch64__)
static inline uint64_t kiln_ticks(void) { uint64_t t; __asm__ volatile("mrs %0, cntvct_el0" : "=r"(t)); return t; }
#endif

KILN_EXPORT int32_t kiln_entry(const kiln_call*);                              /* 0 is success */
KILN_EXPORT int64_t kiln_workspace_bytes(const int64_t* syms, int32_t threads);

#endif
