package dev.kiln;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.kiln.cache.CacheMode;
import dev.kiln.cache.CacheSettings;
import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.kernels.toolchain.NativeCompiler;
import dev.kiln.ops.KilnException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KilnTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    Path folder;

    private KilnConfig config(CacheMode mode) {
        return KilnConfig.of(new CacheSettings(folder.resolve("cache"), mode));
    }

    private Path linear() {
        Path file = folder.resolve("linear.onnx");
        return Files.exists(file) ? file : Models.linear(file, -1);
    }

    private static void assertRuns(CompiledModel model) {
        Tensor x = Tensor.ofFloats(new float[] {1, 2, 3, 4, -1, -2, -3, -4}, 2, 4);
        assertThat(model.run(Map.of("x", x)).get("y").toFloatArray()).containsExactly(9, 9, 9, 0, 0, 0);
    }

    /** Holds compiles at the start of a phase until it is told to let go. */
    private static final class Gate implements CompileListener {
        private final String phase;
        private final CountDownLatch reached = new CountDownLatch(1);
        private final CountDownLatch open = new CountDownLatch(1);

        Gate(String phase) {
            this.phase = phase;
        }

        @Override
        public void phaseStarted(String job, String started) {
            if (started.equals(phase)) {
                reached.countDown();
                try {
                    open.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException("stopped at the gate", e);
                }
            }
        }
    }

    @Test
    void compilesThenRemembers() {
        try (Kiln kiln = Kiln.open(config(CacheMode.WRITE))) {
            CompiledModel first = kiln.compileBlocking(linear());
            assertThat(first.info().cacheHit()).isFalse();
            assertRuns(first);
            CompiledModel second = kiln.compile(linear()).join();
            assertThat(second.info().cacheHit()).isTrue();
            assertRuns(second);
            first.close();
            assertRuns(second);
            assertThat(kiln.compiles()).isEqualTo(1);
            assertThat(kiln.hits()).isEqualTo(1);
        }
    }

    @Test
    void runsAsynchronously() throws Exception {
        try (Kiln kiln = Kiln.open(config(CacheMode.WRITE));
                CompiledModel model = kiln.compileBlocking(linear())) {
            Tensor x = Tensor.ofFloats(new float[] {1, 1, 1, 1}, 1, 4);
            assertThat(model.runAsync(Map.of("x", x)).get().get("y").toFloatArray()).containsExactly(3, 3, 3);
        }
    }

    @Test
    void refusesUseAfterClose() {
        Kiln kiln = Kiln.open(config(CacheMode.WRITE));
        CompiledModel model = kiln.compileBlocking(linear());
        kiln.close();
        kiln.close();
        assertThatThrownBy(() -> assertRuns(model)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> kiln.compile(linear())).isInstanceOf(IllegalStateException.class);
        model.close();
    }

    @Test
    void joinsIdenticalRequestsInFlight() throws Exception {
        Gate gate = new Gate("post-grad");
        try (Kiln kiln = Kiln.open(config(CacheMode.WRITE).withListener(gate))) {
            List<CompletableFuture<CompiledModel>> requests = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                requests.add(kiln.compile(linear()));
            }
            assertThat(gate.reached.await(60, TimeUnit.SECONDS)).isTrue();
            await().atMost(PATIENCE).until(() -> kiln.joined() == 7);
            gate.open.countDown();
            for (CompletableFuture<CompiledModel> request : requests) {
                assertRuns(request.get());
            }
            assertThat(kiln.compiles()).isEqualTo(1);
        }
    }

    @Test
    void failsAtTheDeadlineAndFreesTheThread() {
        Gate gate = new Gate("codegen");
        KilnConfig config = config(CacheMode.WRITE).withListener(gate).withCompileThreads(1)
            .withDeadline(Duration.ofSeconds(2));
        try (Kiln kiln = Kiln.open(config)) {
            assertThatThrownBy(() -> kiln.compileBlocking(linear())).isInstanceOfSatisfying(
                CompileFailedException.class,
                e -> assertThat(e.reason()).isEqualTo(CompileFailedException.Reason.DEADLINE));
            Path other = Models.unary(folder.resolve("unknown.onnx"), "NoSuchOp");
            assertThatThrownBy(() -> kiln.compileBlocking(other))
                .isInstanceOf(KilnException.Unsupported.class);
        }
    }

    @Test
    void cancellingKillsTheNativeCompilers() throws Exception {
        try (Kiln kiln = Kiln.open(config(CacheMode.WRITE).withCompileThreads(1))) {
            CompletableFuture<CompiledModel> request = kiln.compile(Models.miniLm());
            await().atMost(PATIENCE).until(() -> ProcessHandle.current().descendants().findAny().isPresent());
            request.cancel(true);
            await().atMost(PATIENCE).until(() -> ProcessHandle.current().descendants().findAny().isEmpty());
            assertRuns(kiln.compile(linear()).get(60, TimeUnit.SECONDS));
        }
    }

    @Test
    void onlyTheLastToCancelEndsAJob() throws Exception {
        Gate gate = new Gate("codegen");
        try (Kiln kiln = Kiln.open(config(CacheMode.WRITE).withListener(gate))) {
            CompletableFuture<CompiledModel> first = kiln.compile(linear());
            assertThat(gate.reached.await(60, TimeUnit.SECONDS)).isTrue();
            CompletableFuture<CompiledModel> second = kiln.compile(linear());
            await().atMost(PATIENCE).until(() -> kiln.joined() == 1);
            first.cancel(true);
            gate.open.countDown();
            assertRuns(second.get(60, TimeUnit.SECONDS));
        }
    }

    @Test
    void refusesMoreJobsThanItHasRoomFor() throws Exception {
        Gate gate = new Gate("codegen");
        try (Kiln kiln = Kiln.open(config(CacheMode.WRITE).withListener(gate).withMaxJobs(1))) {
            CompletableFuture<CompiledModel> first = kiln.compile(linear());
            assertThat(gate.reached.await(60, TimeUnit.SECONDS)).isTrue();
            Path other = Models.linear(folder.resolve("other.onnx"), 2);
            assertThatThrownBy(() -> kiln.compileBlocking(other)).isInstanceOfSatisfying(
                CompileFailedException.class,
                e -> assertThat(e.reason()).isEqualTo(CompileFailedException.Reason.BUSY));
            gate.open.countDown();
            assertRuns(first.get(60, TimeUnit.SECONDS));
        }
    }

    @Test
    void namesThePhaseOfAFailure() {
        CompileListener broken = new CompileListener() {
            @Override
            public void phaseStarted(String job, String phase) {
                if (phase.equals("autotune")) {
                    throw new IllegalStateException("broken on purpose");
                }
            }
        };
        try (Kiln kiln = Kiln.open(config(CacheMode.WRITE).withListener(broken))) {
            assertThatThrownBy(() -> kiln.compile(linear()).get()).isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOfSatisfying(CompileFailedException.class,
                    e -> assertThat(e.phase()).isEqualTo("autotune"))
                .hasMessageContaining("broken on purpose");
        }
    }

    @Test
    void anArtifactIsFoundThoughTheFileIsAnother() throws Exception {
        try (Kiln kiln = Kiln.open(config(CacheMode.WRITE))) {
            kiln.compileBlocking(linear());
            Path there = Files.createDirectories(folder.resolve("there"));
            Path copy = Files.copy(linear(), there.resolve("copy.onnx"));
            assertThat(kiln.compileBlocking(copy).info().cacheHit()).isTrue();
        }
    }

    @Test
    void aChangedModelIsCompiledAgain() {
        try (Kiln kiln = Kiln.open(config(CacheMode.WRITE))) {
            assertRuns(kiln.compileBlocking(linear()));
            Models.linear(linear(), 100);
            CompiledModel changed = kiln.compileBlocking(linear());
            assertThat(changed.info().cacheHit()).isFalse();
            Tensor x = Tensor.ofFloats(new float[] {0, 0, 0, 0}, 1, 4);
            assertThat(changed.run(Map.of("x", x)).get("y").toFloatArray()).containsExactly(100, 100, 100);
        }
    }

    @Test
    void withoutACacheNothingIsStored() {
        for (int i = 0; i < 2; i++) {
            try (Kiln kiln = Kiln.open(config(CacheMode.OFF))) {
                CompiledModel model = kiln.compileBlocking(linear());
                assertThat(model.info().cacheHit()).isFalse();
                assertRuns(model);
            }
        }
        assertThat(folder.resolve("cache")).doesNotExist();
    }

    @Test
    void checkModeCompilesAgainAndFindsNoDifference() {
        try (Kiln kiln = Kiln.open(config(CacheMode.CHECK))) {
            kiln.compileBlocking(linear());
        }
        long starts = NativeCompiler.compilerStarts();
        try (Kiln kiln = Kiln.open(config(CacheMode.CHECK))) {
            CompiledModel model = kiln.compileBlocking(linear());
            assertThat(model.info().cacheHit()).isTrue();
            assertRuns(model);
        }
        assertThat(NativeCompiler.compilerStarts()).isGreaterThan(starts);
    }

    /** The one timed assertion: requests that the cache can answer do not wait for compiles. */
    @Test
    void answersCachedRequestsWhileItCompiles() throws Exception {
        try (Kiln kiln = Kiln.open(config(CacheMode.WRITE).withModelsInMemory(0))) {
            kiln.compileBlocking(linear()).close();
            CompletableFuture<CompiledModel> compiling = kiln.compile(Models.miniLm());
            List<Double> millis = new ArrayList<>();
            while (!compiling.isDone()) {
                long start = System.nanoTime();
                kiln.compile(linear()).get(60, TimeUnit.SECONDS).close();
                millis.add((System.nanoTime() - start) / 1e6);
                Thread.sleep(20);
            }
            assertRuns(kiln.compile(linear()).get());
            compiling.get().close();
            Collections.sort(millis);
            assertThat(millis).hasSizeGreaterThan(10);
            assertThat(millis.get(millis.size() / 2)).isLessThanOrEqualTo(50);
        }
    }
}
