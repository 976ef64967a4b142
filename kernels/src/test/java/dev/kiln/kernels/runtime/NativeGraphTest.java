package dev.kiln.kernels.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.kernels.NativeFixture;
import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.kernels.cpu.Isa;
import dev.kiln.kernels.cpu.UnsupportedIsaException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class NativeGraphTest {
    private static final MemorySegment[] NONE = {};
    private static KilnRuntime runtime;
    private static Path scaling;

    @BeforeAll
    static void open() {
        runtime = NativeFixture.runtime(2);
        scaling = NativeFixture.graph("""
                typedef struct { const float* in; float* out; float* tmp; float k; } job;
                static void scale(void* c, int64_t b, int64_t e, int32_t w) {
                  job* j = c;
                  for (int64_t i = b; i < e; i++) j->tmp[i] = j->in[i] * j->k;
                  for (int64_t i = b; i < e; i++) j->out[i] = j->tmp[i] + 1;
                }
                int64_t kiln_workspace_bytes(const int64_t* s, int32_t threads) { return s[0] * 4; }
                int32_t kiln_entry(const kiln_call* c) {
                  if (c->syms[0] == 0) return 7;
                  if ((int64_t)c->workspace & 63) return 8;
                  job j = {c->inputs[0], c->outputs[0], c->workspace, *(const float*)c->constants[0]};
                  c->rt->parallel_for(c->rt->pool, scale, &j, c->syms[0], 64);
                  return 0;
                }
                """);
    }

    @AfterAll
    static void close() {
        runtime.close();
    }

    @Test
    void runsWithSymbolsConstantsAndWorkspace() {
        try (Arena arena = Arena.ofShared(); NativeGraph graph = scalingBy(arena, 3)) {
            for (int n : new int[] {1, 63, 1000, 700_000}) {
                assertThat(run(graph, arena, n)).isEqualTo(n * 3f + 1);
            }
            assertThat(graph.workspaceBytes(1000)).isEqualTo(4000);
        }
    }

    private static NativeGraph scalingBy(Arena arena, float factor) {
        MemorySegment constant = arena.allocateFrom(ValueLayout.JAVA_FLOAT, factor);
        return GraphLibrary.open(runtime, scaling, NativeFixture.ISA).bind(List.of(constant), List.of());
    }

    /** Scales 1..n and gives back the last element. */
    private static float run(NativeGraph graph, Arena arena, int n) {
        MemorySegment in = arena.allocate(4L * n, 64);
        MemorySegment out = arena.allocate(4L * n, 64);
        for (int i = 0; i < n; i++) {
            in.setAtIndex(ValueLayout.JAVA_FLOAT, i, i + 1);
        }
        graph.call(new long[] {n}, new MemorySegment[] {in}, new MemorySegment[] {out});
        return out.getAtIndex(ValueLayout.JAVA_FLOAT, n - 1);
    }

    @Test
    void severalThreadsCallAtOnce() throws Exception {
        try (Arena arena = Arena.ofShared(); NativeGraph graph = scalingBy(arena, 2);
                var threads = Executors.newFixedThreadPool(6)) {
            List<Future<Boolean>> results = new ArrayList<>();
            for (int t = 0; t < 6; t++) {
                int n = 1000 + 517 * t;
                results.add(threads.submit(() -> {
                    for (int i = 0; i < 300; i++) {
                        if (run(graph, arena, n) != n * 2f + 1) {
                            return false;
                        }
                    }
                    return true;
                }));
            }
            for (Future<Boolean> result : results) {
                assertThat(result.get()).isTrue();
            }
        }
    }

    @Test
    void reportsAnErrorCode() {
        try (Arena arena = Arena.ofShared(); NativeGraph graph = scalingBy(arena, 3)) {
            assertThatThrownBy(() -> graph.call(new long[] {0}, new MemorySegment[] {arena.allocate(4)},
                    new MemorySegment[] {arena.allocate(4)}))
                    .isInstanceOfSatisfying(NativeCallException.class, e -> assertThat(e.code())
                            .isEqualTo(7));
        }
    }

    @Test
    void refusesMemoryOfJavaArraysAndClosedArenas() {
        try (Arena arena = Arena.ofShared(); NativeGraph graph = scalingBy(arena, 3)) {
            MemorySegment[] out = {arena.allocate(4)};
            MemorySegment[] heap = {MemorySegment.ofArray(new float[1])};
            assertThatThrownBy(() -> graph.call(new long[] {1}, heap, out))
                    .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("input 0");
            MemorySegment[] gone = new MemorySegment[1];
            try (Arena brief = Arena.ofConfined()) {
                gone[0] = brief.allocate(4);
            }
            assertThatThrownBy(() -> graph.call(new long[] {1}, gone, out))
                    .isInstanceOf(IllegalStateException.class).hasMessageContaining("closed");
        }
    }

    @Test
    void refusesCallsAfterClose() {
        try (Arena arena = Arena.ofShared()) {
            NativeGraph graph = scalingBy(arena, 3);
            graph.close();
            graph.close();
            assertThatThrownBy(() -> graph.call(new long[] {1}, NONE, NONE))
                    .isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void closeWaitsForARunningCall() throws Exception {
        Path waiting = NativeFixture.graph("""
                int64_t kiln_workspace_bytes(const int64_t* s, int32_t threads) { return 0; }
                int32_t kiln_entry(const kiln_call* c) {
                  volatile int32_t* in = c->inputs[0];
                  *(volatile int32_t*)c->outputs[0] = 1;
                  while (!*in) ;
                  *(volatile int32_t*)c->outputs[0] = 2;
                  return 0;
                }
                """);
        try (Arena arena = Arena.ofShared()) {
            NativeGraph graph = GraphLibrary.open(runtime, waiting, NativeFixture.ISA)
                    .bind(List.of(), List.of());
            MemorySegment go = arena.allocate(4, 64);
            MemorySegment state = arena.allocate(4, 64);
            Thread caller = Thread.ofPlatform().start(
                    () -> graph.call(new long[0], new MemorySegment[] {go}, new MemorySegment[] {state}));
            while ((int) ValueLayout.JAVA_INT.varHandle().getVolatile(state, 0L) != 1) {
                Thread.onSpinWait();
            }
            CountDownLatch closed = new CountDownLatch(1);
            Thread.ofPlatform().start(() -> {
                graph.close();
                closed.countDown();
            });
            assertThat(closed.await(50, java.util.concurrent.TimeUnit.MILLISECONDS)).isFalse();
            ValueLayout.JAVA_INT.varHandle().setVolatile(go, 0L, 1);
            closed.await();
            caller.join();
            assertThat(state.get(ValueLayout.JAVA_INT, 0)).isEqualTo(2);
        }
    }

    @Test
    void refusesCodeForAnotherCpu() {
        Isa foreign = CpuInfo.detect().arch().equals("aarch64") ? Isa.AVX2 : Isa.NEON;
        assertThatThrownBy(() -> GraphLibrary.open(runtime, scaling, foreign))
                .isInstanceOf(UnsupportedIsaException.class).hasMessageContaining("--isa neon");
    }

    @Test
    void namesAFileThatIsNoLibrary() throws Exception {
        Path text = Files.writeString(Files.createTempFile("kiln", ".so"), "not ELF");
        assertThatThrownBy(() -> GraphLibrary.open(runtime, text, NativeFixture.ISA))
                .isInstanceOf(NativeCallException.class).hasMessageContaining(text.toString());
        assertThatThrownBy(() -> GraphLibrary.open(runtime, Path.of("/nowhere/x.so"), NativeFixture.ISA))
                .isInstanceOf(NativeCallException.class).hasMessageContaining("no such file");
        Files.delete(text);
    }
}
