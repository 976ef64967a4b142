package dev.kiln.kernels.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.kernels.NativeFixture;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ThreadPoolTest {
    private static Path library;

    /**
     * Symbols: mode, dispatches, n, grain. Output: sum of all indexes over all dispatches, or -1 for a bad
     * chunk.
     */
    @BeforeAll
    static void compile() {
        library = NativeFixture.graph("""
                typedef struct { const kiln_runtime* rt; int64_t n, grain, sum, bad; } job;
                static void add(void* c, int64_t b, int64_t e, int32_t w) {
                  job* j = c;
                  int64_t s = 0;
                  for (int64_t i = b; i < e; i++) s += i;
                  if (w < 0 || w >= j->rt->threads || e > j->n)
                    __atomic_store_n(&j->bad, 1, __ATOMIC_RELAXED);
                  __atomic_fetch_add(&j->sum, s, __ATOMIC_RELAXED);
                }
                static void nested(void* c, int64_t b, int64_t e, int32_t w) {
                  job* j = c;
                  for (int64_t i = b; i < e; i++) j->rt->parallel_for(j->rt->pool, add, j, j->n, j->grain);
                }
                int64_t kiln_workspace_bytes(const int64_t* s, int32_t threads) { return 0; }
                int32_t kiln_entry(const kiln_call* c) {
                  const int64_t* s = c->syms;
                  job j = {c->rt, s[2], s[3], 0, 0};
                  if (s[0]) c->rt->parallel_for(c->rt->pool, nested, &j, s[1], 1);
                  else for (int64_t i = 0; i < s[1]; i++)
                    c->rt->parallel_for(c->rt->pool, add, &j, s[2], s[3]);
                  *(int64_t*)c->outputs[0] = j.bad ? -1 : j.sum;
                  return 0;
                }
                """);
    }

    private static long sum(NativeGraph graph, boolean nested, long dispatches, long n, long grain) {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment out = arena.allocate(8, 64);
            graph.call(new long[] {nested ? 1 : 0, dispatches, n, grain}, new MemorySegment[0],
                    new MemorySegment[] {out});
            return out.get(ValueLayout.JAVA_LONG, 0);
        }
    }

    private static NativeGraph graph(KilnRuntime runtime) {
        return GraphLibrary.open(runtime, library, NativeFixture.ISA).bind(List.of(), List.of());
    }

    private static long expected(long dispatches, long n) {
        return dispatches * (n * (n - 1) / 2);
    }

    @Test
    void millionsOfTinyDispatchesAddUp() {
        try (KilnRuntime runtime = NativeFixture.runtime(2); NativeGraph graph = graph(runtime)) {
            assertThat(sum(graph, false, 3_000_000, 8, 1)).isEqualTo(expected(3_000_000, 8));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7})
    void anyNumberOfThreadsCoversTheRangeOnce(int threads) {
        try (KilnRuntime runtime = NativeFixture.runtime(threads); NativeGraph graph = graph(runtime)) {
            for (long n : new long[] {0, 1, 5, 1000, 12_345}) {
                for (long grain : new long[] {-1, 0, 1, 3, 64, 20_000}) {
                    assertThat(sum(graph, false, 20, n, grain)).as("n %d, grain %d", n, grain)
                            .isEqualTo(expected(20, n));
                }
            }
        }
    }

    @Test
    void nestedCallsRunInline() {
        try (KilnRuntime runtime = NativeFixture.runtime(2); NativeGraph graph = graph(runtime)) {
            assertThat(sum(graph, true, 10_000, 100, 3)).isEqualTo(expected(10_000, 100));
        }
    }

    @Test
    void concurrentCallersShareThePool() throws Exception {
        try (KilnRuntime runtime = NativeFixture.runtime(2); NativeGraph graph = graph(runtime);
                var callers = Executors.newFixedThreadPool(5)) {
            List<Future<Long>> sums = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                boolean nested = i % 2 == 1;
                sums.add(callers.submit(() -> sum(graph, nested, 20_000, 32, 2)));
            }
            for (Future<Long> sum : sums) {
                assertThat(sum.get()).isEqualTo(expected(20_000, 32));
            }
        }
    }

    @Test
    void sleepingWorkersWakeUpAgain() throws Exception {
        try (KilnRuntime runtime = NativeFixture.runtime(2); NativeGraph graph = graph(runtime)) {
            for (int i = 0; i < 50; i++) {
                assertThat(sum(graph, false, 3, 4000, 10)).isEqualTo(expected(3, 4000));
                Thread.sleep(2);
            }
        }
    }

    @Test
    void workersAreNamedDaemonsAndEndWithThePool() {
        KilnRuntime runtime = NativeFixture.runtime(3);
        assertThat(workers()).extracting(Thread::getName).contains("kiln-worker-1", "kiln-worker-2");
        assertThat(workers()).allMatch(Thread::isDaemon);
        runtime.close();
        runtime.close();
        assertThat(workers()).isEmpty();
    }

    private static List<Thread> workers() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(t -> t.getName().startsWith("kiln-worker-")).toList();
    }

    @Test
    void workersHaveProcessorsOfTheirOwn() throws Exception {
        int processors = Runtime.getRuntime().availableProcessors();
        try (KilnRuntime runtime = NativeFixture.runtime(processors)) {
            assertThat(runtime.threads()).isEqualTo(processors);
            List<String> homes = List.of();
            long until = System.nanoTime() + 10_000_000_000L;
            while (homes.stream().filter(h -> h.matches("\\d+")).distinct().count() < processors - 1
                    && System.nanoTime() < until) {
                Thread.sleep(5);
                homes = homes();
            }
            assertThat(homes).hasSizeGreaterThanOrEqualTo(processors - 1);
            assertThat(homes.stream().filter(h -> h.matches("\\d+")).distinct().count())
                    .isGreaterThanOrEqualTo(processors - 1);
        }
    }

    /** What the system allows to each worker of this process. */
    private static List<String> homes() throws IOException {
        List<String> homes = new ArrayList<>();
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(Path.of("/proc/self/task"))) {
            for (Path task : tasks) {
                List<String> status = Files.readAllLines(task.resolve("status"));
                if (status.getFirst().contains("kiln-worker")) {
                    status.stream().filter(l -> l.startsWith("Cpus_allowed_list:"))
                            .forEach(l -> homes.add(l.split(":")[1].strip()));
                }
            }
        }
        return homes;
    }
}
