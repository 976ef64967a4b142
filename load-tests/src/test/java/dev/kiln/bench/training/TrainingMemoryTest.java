package dev.kiln.bench.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.FunctionOptions;
import dev.kiln.Kiln;
import dev.kiln.KilnConfig;
import dev.kiln.cache.CacheMode;
import dev.kiln.cache.CacheSettings;
import dev.kiln.pipeline.function.FunctionMemory;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.CompileOptions.Autotune;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** By Kiln's own account: what a process takes is too much subject to chance for a test. */
class TrainingMemoryTest {
    /** What {@link TrainingMemory} measures of libtorch 2.13, in bytes. */
    private static final long LIBTORCH = (long) (69.9 * (1 << 20));

    @Test
    void activationsOfATrainingStepAreLessThanLibtorchs(@TempDir Path cache) {
        GptShape shape = GptShape.SMALL;
        FunctionOptions options = FunctionOptions.defaults()
            .withCompile(CompileOptions.defaults().withThreads(2).withAutotune(Autotune.OFF));
        SplittableRandom random = new SplittableRandom(1);
        try (Kiln kiln = Kiln.open(KilnConfig.of(new CacheSettings(cache, CacheMode.WRITE)));
                KilnGpt gpt = new KilnGpt(kiln, shape, options, 1e-3)) {
            for (int i = 0; i < 2; i++) {
                gpt.step(random.longs(shape.tokens(), 0, shape.vocabulary()).toArray(),
                    random.longs(shape.tokens(), 0, shape.vocabulary()).toArray());
            }
            FunctionMemory loss = gpt.memory().getFirst();
            FunctionMemory optimizer = gpt.memory().getLast();
            assertThat(loss.activations() + loss.gradients()).as("activations and gradients")
                .isLessThanOrEqualTo((long) (0.68 * LIBTORCH));
            assertThat(optimizer.written()).as("new values are written where the old ones lie").isZero();
            assertThat(optimizer.activations()).isLessThan(gpt.weights() * Float.BYTES / 2);
        }
    }
}
