package dev.kiln.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kiln.KilnConfig;
import dev.kiln.cache.CacheMode;
import dev.kiln.cache.CacheSettings;
import dev.kiln.stages.CompileOptions;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** The whole way with the real model: sentences, tokens, native code, similarities; then once more, warm. */
class DemoTest {
    @TempDir(cleanup = CleanupMode.NEVER)
    private static Path folder;
    private static DemoReport cold;

    @BeforeAll
    static void compile() {
        cold = demo(Demo.SENTENCES);
    }

    private static DemoReport demo(List<String> sentences) {
        var config = KilnConfig.of(new CacheSettings(folder, CacheMode.WRITE));
        return Demo.run(config, CompileOptions.defaults().withMaxAutotune(false), sentences);
    }

    @Test
    void relatedSentencesAreMoreSimilarThanUnrelatedOnes() {
        double[][] table = cold.similarities();
        for (int row = 0; row < table.length; row++) {
            int related = row ^ 1;
            assertThat(table[row][row]).isCloseTo(1, within(1e-5));
            assertThat(SimilarityTable.nearest(table[row], row)).as(Demo.SENTENCES.get(row))
                    .isEqualTo(related);
            assertThat(table[row][related]).isGreaterThan(0.2).isEqualTo(table[related][row]);
        }
    }

    @Test
    void aSecondStartIsACacheHitWithTheSameNumbers() {
        DemoReport warm = demo(Demo.SENTENCES);
        assertThat(cold.info().cacheHit()).isFalse();
        assertThat(warm.info().cacheHit()).isTrue();
        assertThat(warm.info().key()).isEqualTo(cold.info().key());
        assertThat(warm.similarities()).isDeepEqualTo(cold.similarities());
        assertThat(warm.text()).contains("cache hit", "1.00", Demo.SENTENCES.getFirst());
        assertThat(cold.text()).contains("cache miss");
    }

    @Test
    void paddingDoesNotChangeAnEmbedding() {
        String sentence = Demo.SENTENCES.getFirst();
        String longer = sentence + " It is a very long and very lazy afternoon.";
        DemoReport together = demo(List.of(sentence, longer));
        assertThat(demo(List.of(sentence)).embedded().vectors()[0])
                .containsExactly(together.embedded().vectors()[0], within(1e-5f));
    }
}
