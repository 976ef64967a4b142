/* The runtime library: a thread pool for kernels, memory for workspaces, and what else native code needs from
   the operating system. No libc: system calls are made directly. Threads come from Java (kiln_rt_worker is
   their body).

   How parallel_for works. The caller, as worker 0, publishes a job, opens the gate and raises the epoch.
   Workers watch the epoch; one that sees it change enters the gate if it is still open (the gate counts who
   is inside), takes chunks from a shared counter until none is left, and leaves. The caller takes chunks too.
   When the counter runs out it closes the gate and waits only for workers that are inside, so a worker that
   sleeps or has lost its processor never delays a job: correctness never depends on anybody waking up. A
   worker that entered late finds the counter at its end, or a newer job, which it may as well help with,
   because job fields are stable while it is inside.

   Idle workers spin for `spin` clock ticks, then sleep on the epoch by futex; the caller makes the wake call
   only if somebody sleeps.

   A pool with a thread for each processor gives every worker one of its own (its home), since schedulers that save
   power or pack virtual processors put a woken worker behind its caller, where it helps nobody. The caller is not
   bound; when it is found at some worker's home as it wakes the pool, the two exchange homes. Smaller pools are left
   to the scheduler: they share the machine with others, who would choose the same homes. */

typedef struct kiln_job {
  uint32_t epoch;
  int32_t stop;
  kiln_task task;
  void* ctx;
  int64_t n, grain;
} kiln_job;

enum { MOST_PROCESSORS = 1024, MASK_BYTES = MOST_PROCESSORS / 8 };

typedef struct kiln_home {
  int32_t processor;
  int32_t tid;
} kiln_home;

struct kiln_pool {
  kiln_runtime table;
  int64_t spin;
  int32_t bound;                            /* whether workers have homes */
  kiln_home homes[MOST_PROCESSORS];         /* by worker; the first is where the caller may be */
  _Alignas(128) kiln_job job;
  _Alignas(128) struct { uint32_t gate; int64_t next; } work;
  _Alignas(128) int32_t sleepers;
  _Alignas(128) int32_t busy;
};

enum { OPEN = 1u << 31, WAITING = 1u << 30, INSIDE = WAITING - 1 };
enum { FUTEX_WAIT_PRIVATE = 128, FUTEX_WAKE_PRIVATE = 129, EVERYBODY = 0x7fffffff };

#if defined(__x86_64__)
enum { SYS_FUTEX = 202, SYS_MMAP = 9, SYS_MUNMAP = 11, SYS_MADVISE = 28, SYS_ARCH_PRCTL = 158,
       SYS_GETPID = 39, SYS_GETTID = 186, SYS_SETAFFINITY = 203, SYS_GETAFFINITY = 204, SYS_GETCPU = 309 };
static inline void relax(void) { __builtin_ia32_pause(); }
static inline int64_t ticks_per_us(void) { return 2500; }
static int64_t syscall6(int64_t n, int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f) {
  register int64_t r10 __asm__("r10") = d;
  register int64_t r8 __asm__("r8") = e;
  register int64_t r9 __asm__("r9") = f;
  int64_t result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}
#elif defined(__aarch64__)
enum { SYS_FUTEX = 98, SYS_MMAP = 222, SYS_MUNMAP = 215, SYS_MADVISE = 233,
       SYS_GETPID = 172, SYS_GETTID = 178, SYS_SETAFFINITY = 122, SYS_GETAFFINITY = 123, SYS_GETCPU = 168 };
static inline void relax(void) { __asm__ volatile("isb" ::: "memory"); }
static inline int64_t ticks_per_us(void) {
  int64_t f;
  __asm__ volatile("mrs %0, cntfrq_el0" : "=r"(f));
  return f / 1000000 > 0 ? f / 1000000 : 1;
}
static int64_t syscall6(int64_t n, int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f) {
  register int64_t x8 __asm__("x8") = n;
  register int64_t x0 __asm__("x0") = a;
  register int64_t x1 __asm__("x1") = b;
  register int64_t x2 __asm__("x2") = c;
  register int64_t x3 __asm__("x3") = d;
  register int64_t x4 __asm__("x4") = e;
  register int64_t x5 __asm__("x5") = f;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}
#else
#error "no system calls for this architecture"
#endif

static int64_t futex(void* word, int64_t op, int64_t value) {
  return syscall6(SYS_FUTEX, (int64_t)word, op, value, 0, 0, 0);
}

/* One home for each worker, if there are as many processors as workers and no more. What counts is the process's first
   thread: the one that calls may have been bound by another library. */
static void find_homes(kiln_pool* p) {
  uint64_t mask[MASK_BYTES / 8] = {0};
  int64_t process = syscall6(SYS_GETPID, 0, 0, 0, 0, 0, 0);
  if (syscall6(SYS_GETAFFINITY, process, MASK_BYTES, (int64_t)mask, 0, 0, 0) <= 0) return;
  int32_t count = 0;
  for (int32_t i = 0; i < MOST_PROCESSORS; i++)
    if (mask[i / 64] >> (i % 64) & 1) p->homes[count++].processor = i;
  p->bound = count > 1 && count == p->table.threads;
}

static void settle(const kiln_home* home) {
  uint64_t mask[MASK_BYTES / 8] = {0};
  mask[home->processor / 64] = 1ull << (home->processor % 64);
  if (home->tid) syscall6(SYS_SETAFFINITY, home->tid, MASK_BYTES, (int64_t)mask, 0, 0, 0);
}

/* Sends the worker whose home the caller runs at to the caller's place. */
static void make_room(kiln_pool* p) {
  uint32_t here = 0;
  if (!p->bound || syscall6(SYS_GETCPU, (int64_t)&here, 0, 0, 0, 0, 0) != 0) return;
  for (int32_t w = 1; w < p->table.threads; w++) {
    if (p->homes[w].processor != (int32_t)here) continue;
    p->homes[w].processor = p->homes[0].processor;
    p->homes[0].processor = (int32_t)here;
    settle(&p->homes[w]);
    return;
  }
}

static void take_chunks(kiln_pool* p, int32_t worker) {
  kiln_task task = p->job.task;
  void* ctx = p->job.ctx;
  int64_t n = p->job.n, grain = p->job.grain;
  for (;;) {
    int64_t begin = __atomic_fetch_add(&p->work.next, grain, __ATOMIC_RELAXED);
    if (begin >= n) return;
    task(ctx, begin, n - begin < grain ? n : begin + grain, worker);
  }
}

static void open_gate(kiln_pool* p, kiln_task task, void* ctx, int64_t n, int64_t grain) {
  p->job.task = task;
  p->job.ctx = ctx;
  p->job.n = n;
  p->job.grain = grain;
  p->work.next = 0;
  __atomic_store_n(&p->work.gate, OPEN, __ATOMIC_RELEASE);
  __atomic_fetch_add(&p->job.epoch, 1, __ATOMIC_SEQ_CST);
  int64_t asleep = __atomic_load_n(&p->sleepers, __ATOMIC_SEQ_CST);
  if (asleep <= 0) return;
  make_room(p);
  int64_t helpers = (n - 1) / grain;
  int64_t woken = futex(&p->job.epoch, FUTEX_WAKE_PRIVATE, helpers < asleep ? helpers : asleep);
  if (woken > 0) __atomic_fetch_sub(&p->sleepers, (int32_t)woken, __ATOMIC_SEQ_CST);
}

static void close_gate(kiln_pool* p) {
  uint32_t gate = __atomic_and_fetch(&p->work.gate, ~OPEN, __ATOMIC_ACQ_REL);
  if (!(gate & INSIDE)) return;
  int64_t until = (int64_t)kiln_ticks() + p->spin;
  while (__atomic_load_n(&p->work.gate, __ATOMIC_ACQUIRE) & INSIDE) {
    if ((int64_t)kiln_ticks() < until) { relax(); continue; }
    gate = __atomic_or_fetch(&p->work.gate, WAITING, __ATOMIC_ACQ_REL);
    if (gate & INSIDE) futex(&p->work.gate, FUTEX_WAIT_PRIVATE, gate);
  }
}

/* Chunks long enough that each is one run of whole cache lines for the hardware's prefetcher, and many enough that a
   worker that falls behind holds nobody up for long. */
static int64_t chunk(const kiln_pool* p, int64_t n, int64_t grain) {
  enum { PER_WORKER = 16, LINE = 64 };
  int64_t even = n / (p->table.threads * PER_WORKER), most = even > grain ? even : grain;
  return most < LINE ? most : (most + LINE - 1) & -(int64_t)LINE;
}

static void parallel_for(kiln_pool* p, kiln_task task, void* ctx, int64_t n, int64_t grain) {
  if (n <= 0) return;
  grain = chunk(p, n, grain < 1 ? 1 : grain);
  if (n <= grain || p->table.threads == 1 || __atomic_load_n(&p->busy, __ATOMIC_RELAXED)
      || __atomic_exchange_n(&p->busy, 1, __ATOMIC_ACQUIRE)) {
    task(ctx, 0, n, 0);
    return;
  }
  open_gate(p, task, ctx, n, grain);
  take_chunks(p, 0);
  close_gate(p);
  __atomic_store_n(&p->busy, 0, __ATOMIC_RELEASE);
}

static void help(kiln_pool* p, int32_t worker) {
  uint32_t gate = __atomic_load_n(&p->work.gate, __ATOMIC_RELAXED);
  do {
    if (!(gate & OPEN)) return;
  } while (!__atomic_compare_exchange_n(&p->work.gate, &gate, gate + 1, 1,
                                        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
  take_chunks(p, worker);
  gate = __atomic_sub_fetch(&p->work.gate, 1, __ATOMIC_ACQ_REL);
  if (gate == WAITING) futex(&p->work.gate, FUTEX_WAKE_PRIVATE, 1);
}

/* Returns the epoch once it differs from `seen`. */
static uint32_t await_job(kiln_pool* p, uint32_t seen) {
  int64_t until = (int64_t)kiln_ticks() + p->spin;
  for (;;) {
    uint32_t epoch = __atomic_load_n(&p->job.epoch, __ATOMIC_ACQUIRE);
    if (epoch != seen) return epoch;
    if ((int64_t)kiln_ticks() < until) { relax(); continue; }
    __atomic_fetch_add(&p->sleepers, 1, __ATOMIC_SEQ_CST);
    /* Whoever wakes us takes us off the count; otherwise (new epoch, signal) we do it. */
    if (futex(&p->job.epoch, FUTEX_WAIT_PRIVATE, seen) != 0)
      __atomic_fetch_sub(&p->sleepers, 1, __ATOMIC_SEQ_CST);
  }
}

static int64_t map(int64_t bytes) {
  return syscall6(SYS_MMAP, 0, bytes, 3 /* read, write */, 0x22 /* private, anonymous */, -1, 0);
}

static int failed(int64_t result) { return result < 0 && result > -4096; }

/* Every function below takes one array of 64-bit words, so that Java needs one kind of call only, and returns
   0 or the number of an operating system error. */

/* in: threads, microseconds to spin; out: pointer to kiln_runtime */
KILN_EXPORT int32_t kiln_rt_open(int64_t* w) {
#if defined(__AMX_TILE__)
  int64_t amx = syscall6(SYS_ARCH_PRCTL, 0x1023 /* ARCH_REQ_XCOMP_PERM */, 18 /* tile data */, 0, 0, 0, 0);
  if (failed(amx)) return (int32_t)-amx;
#endif
  int64_t at = map(sizeof(kiln_pool));
  if (failed(at)) return (int32_t)-at;
  kiln_pool* p = (kiln_pool*)at;
  p->table = (kiln_runtime){.threads = (int32_t)w[0], .pool = p, .parallel_for = parallel_for};
  p->spin = w[1] * ticks_per_us();
  find_homes(p);
  w[2] = (int64_t)&p->table;
  return 0;
}

/* in: pointer to kiln_runtime, worker id; returns after kiln_rt_stop */
KILN_EXPORT int32_t kiln_rt_worker(int64_t* w) {
  kiln_pool* p = ((kiln_runtime*)w[0])->pool;
  int32_t worker = (int32_t)w[1];
  uint32_t seen = 0;
  if (p->bound) {
    p->homes[worker].tid = (int32_t)syscall6(SYS_GETTID, 0, 0, 0, 0, 0, 0);
    settle(&p->homes[worker]);
  }
  for (;;) {
    seen = await_job(p, seen);
    if (__atomic_load_n(&p->job.stop, __ATOMIC_ACQUIRE)) return 0;
    help(p, worker);
  }
}

/* in: pointer to kiln_runtime; workers return soon after */
KILN_EXPORT int32_t kiln_rt_stop(int64_t* w) {
  kiln_pool* p = ((kiln_runtime*)w[0])->pool;
  __atomic_store_n(&p->job.stop, 1, __ATOMIC_RELEASE);
  __atomic_fetch_add(&p->job.epoch, 1, __ATOMIC_SEQ_CST);
  futex(&p->job.epoch, FUTEX_WAKE_PRIVATE, EVERYBODY);
  return 0;
}

/* in: pointer to kiln_runtime, whose workers have all returned */
KILN_EXPORT int32_t kiln_rt_free(int64_t* w) {
  return (int32_t)-syscall6(SYS_MUNMAP, (int64_t)((kiln_runtime*)w[0])->pool, sizeof(kiln_pool), 0, 0, 0, 0);
}

/* in: bytes, a multiple of 4096; out: address of zeroed memory, aligned huge pages if large */
KILN_EXPORT int32_t kiln_rt_map(int64_t* w) {
  enum { HUGE = 2 << 20, MADV_HUGEPAGE = 14 };
  int64_t bytes = w[0], slack = bytes >= HUGE ? HUGE : 0;
  int64_t at = map(bytes + slack);
  if (failed(at)) return (int32_t)-at;
  if (slack) {
    int64_t aligned = (at + HUGE - 1) & -(int64_t)HUGE;
    if (aligned > at) syscall6(SYS_MUNMAP, at, aligned - at, 0, 0, 0, 0);
    if (at + slack > aligned) syscall6(SYS_MUNMAP, aligned + bytes, at + slack - aligned, 0, 0, 0, 0);
    syscall6(SYS_MADVISE, aligned, bytes, MADV_HUGEPAGE, 0, 0, 0);
    at = aligned;
  }
  w[1] = at;
  return 0;
}

/* in: bytes, address, as they were for kiln_rt_map */
KILN_EXPORT int32_t kiln_rt_unmap(int64_t* w) {
  return (int32_t)-syscall6(SYS_MUNMAP, w[1], w[0], 0, 0, 0, 0);
}

/* in: address of a graph's kiln_workspace_bytes, syms, threads; out: bytes */
KILN_EXPORT int32_t kiln_rt_workspace(int64_t* w) {
  w[3] = ((int64_t (*)(const int64_t*, int32_t))w[0])((const int64_t*)w[1], (int32_t)w[2]);
  return 0;
}

/* Body of the Java method Native.call0. */
KILN_EXPORT int32_t Java_dev_kiln_kernels_runtime_Native_call0(void* env, void* type, int64_t function,
                                                               int64_t argument) {
  (void)env;
  (void)type;
  return ((int32_t (*)(int64_t))function)(argument);
}
