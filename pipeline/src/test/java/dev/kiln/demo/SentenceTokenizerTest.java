package dev.kiln.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** Against the ids that {@code bert-base-uncased}'s reference tokenizer gives. */
class SentenceTokenizerTest {
    @TempDir(cleanup = CleanupMode.NEVER)
    private static Path natives;

    @Test
    void tokenIdsEqualTheReference() {
        assertThat(encode("The quick brown fox jumps over the lazy dog.").ids()[0])
                .containsExactly(101, 1996, 4248, 2829, 4419, 14523, 2058, 1996, 13971, 3899, 1012, 102);
        assertThat(encode("Hello world").ids()[0]).containsExactly(101, 7592, 2088, 102);
    }

    @Test
    void stripsAccentsSplitsIdeographsAndUnknownWords() {
        assertThat(encode("Résumé naïve café 北京 unaffordable?").ids()[0])
                .containsExactly(101, 13746, 15743, 7668, 1781, 1755, 14477, 4246, 8551, 3085, 1029, 102);
    }

    @Test
    void padsToTheLongestSentenceAndMasksThePadding() {
        var batch = encode("Hello world", "", "a");
        assertThat(batch.ids()).isDeepEqualTo(new long[][] {{101, 7592, 2088, 102}, {101, 102, 0, 0},
                {101, 1037, 102, 0}});
        assertThat(batch.mask()).isDeepEqualTo(new long[][] {{1, 1, 1, 1}, {1, 1, 0, 0}, {1, 1, 1, 0}});
        assertThat(batch.types()).isDeepEqualTo(new long[3][4]);
        assertThat(batch.tensors().get("input_ids").shape()).containsExactly(3, 4);
    }

    @Test
    void cutsWhatTheModelCannotTake() {
        assertThat(encode("word ".repeat(1000)).columns()).isEqualTo(SentenceTokenizer.MAX_TOKENS);
    }

    private static TokenBatch encode(String... sentences) {
        try (var tokenizer = SentenceTokenizer.open(natives)) {
            return tokenizer.encode(List.of(sentences));
        }
    }
}
