package dev.kiln.kernels.runtime;

import dev.kiln.kernels.NativeFixture;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Prints how long an empty {@code parallel_for} and an empty graph call take, and what becomes of small
 * pieces of work. Arguments: threads.
 */
final class DispatchLatency {
    private static final MemorySegment[] NONE = {};
    private static final int ROUNDS = 15;
    private static final int DISPATCHES = 200_000;

    private DispatchLatency() {
    }

    public static void main(String[] args) {
        int threads = args.length > 0 ? Integer.parseInt(args[0]) : 2;
        Path library = NativeFixture.graph("""
                static void empty(void* c, int64_t b, int64_t e, int32_t w) {
                  if (w > 0) __atomic_fetch_add((int64_t*)c, 1, __ATOMIC_RELAXED);
                }
                static void work(void* c, int64_t b, int64_t e, int32_t w) {
                  for (int64_t i = b; i < e; i++) {
                    volatile float x = 1;
                    for (int k = 0; k < 100; k++) x = x + 1;
                  }
                  empty(c, b, e, w);
                }
                int64_t kiln_workspace_bytes(const int64_t* s, int32_t threads) { return 0; }
                int32_t kiln_entry(const kiln_call* c) {
                  const int64_t* s = c->syms;
                  for (int64_t i = 0; i < s[0]; i++)
                    c->rt->parallel_for(c->rt->pool, s[2] ? work : empty, c->outputs[0], s[1], s[3]);
                  return 0;
                }
                """);
        try (Arena arena = Arena.ofShared(); KilnRuntime runtime = NativeFixture.runtime(threads);
                NativeGraph graph = GraphLibrary.open(runtime, library, NativeFixture.ISA)
                        .bind(List.of(), List.of())) {
            MemorySegment helped = arena.allocate(8, 64);
            MemorySegment[] out = {helped};
            for (long chunks : new long[] {1, 2, 4, 16}) {
                helped.set(ValueLayout.JAVA_LONG, 0, 0);
                long[] syms = {DISPATCHES, chunks, 0, 1};
                double ns = median(() -> graph.call(syms, NONE, out)) / DISPATCHES;
                double share = helped.get(ValueLayout.JAVA_LONG, 0) / ((double) ROUNDS * DISPATCHES * chunks);
                System.out.printf(Locale.ROOT, "empty, %d chunks, %d threads: %.0f ns, %.0f%% by helpers%n",
                        chunks, threads, ns, 100 * share);
            }
            for (long pieces : new long[] {4, 16, 64}) {
                int times = 2000;
                long[] one = {times, pieces, 1, pieces};
                long[] four = {times, pieces, 1, pieces / 4};
                double alone = median(() -> graph.call(one, NONE, out)) / times;
                double shared = median(() -> graph.call(four, NONE, out)) / times;
                System.out.printf(Locale.ROOT, "work of %.1f us takes %.1f us in 4 chunks%n", alone / 1000,
                        shared / 1000);
            }
            long[] none = {0, 1, 0, 1};
            double call = median(() -> {
                for (int i = 0; i < DISPATCHES; i++) {
                    graph.call(none, NONE, out);
                }
            }) / DISPATCHES;
            System.out.printf(Locale.ROOT, "empty graph call from Java: %.0f ns%n", call);
        }
    }

    private static double median(Runnable work) {
        double[] times = new double[ROUNDS];
        for (int i = 0; i < ROUNDS; i++) {
            long start = System.nanoTime();
            work.run();
            times[i] = System.nanoTime() - start;
        }
        Arrays.sort(times);
        return times[ROUNDS / 2];
    }
}
