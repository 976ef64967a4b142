package dev.kiln.ops.scalar;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.ops.DType;
import dev.kiln.ops.interpreter.ScalarEvaluator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** The known answers of the Random123 library for philox4x32-10. */
class PhiloxTest {
    private static final long ONES = 0xFFFFFFFFL;

    @Test
    void zeros() {
        assertThat(words(new long[4], new long[2])).containsExactly(0x6627e8d5L, 0xe169c58dL, 0xbc57ac4cL, 0x9b00dbd8L);
    }

    @Test
    void ones() {
        assertThat(words(new long[] {ONES, ONES, ONES, ONES}, new long[] {ONES, ONES}))
            .containsExactly(0x408f276dL, 0x41c83b0eL, 0xa20bc7c6L, 0x6d5451fdL);
    }

    @Test
    void digitsOfPi() {
        assertThat(words(new long[] {0x243f6a88L, 0x85a308d3L, 0x13198a2eL, 0x03707344L},
            new long[] {0xa4093822L, 0x299f31d0L}))
            .containsExactly(0xd16cfe09L, 0x94fdccebL, 0x5001e420L, 0x24126ea1L);
    }

    @Test
    void aCounterAndAKeyOf64BitsAreTheirHalves() {
        long counter = 0x85a308d3243f6a88L;
        long key = 0x299f31d0a4093822L;
        long[] expected = words(new long[] {0x243f6a88L, 0x85a308d3L, 0, 0}, new long[] {0xa4093822L, 0x299f31d0L});
        for (int w = 0; w < Philox.WORDS; w++) {
            Scalar word = Philox.word(new Scalar.Operand(0, DType.I64), new Scalar.Operand(1, DType.I64), w);
            assertThat(word.dtype()).isEqualTo(DType.I64);
            assertThat(ScalarEvaluator.compile(word, s -> null).at(new long[] {counter, key})).isEqualTo(expected[w]);
            Scalar literal = Philox.word(Scalar.literal(counter, DType.I64), Scalar.literal(key, DType.I64), w);
            assertThat(ScalarEvaluator.compile(literal, s -> null).at(new long[0])).isEqualTo(expected[w]);
        }
    }

    private static long[] words(long[] counter, long[] key) {
        List<Scalar> counters = LongStream.of(counter).mapToObj(c -> Scalar.literal(c, DType.U64)).toList();
        List<Scalar> keys = LongStream.of(key).mapToObj(k -> Scalar.literal(k, DType.U64)).toList();
        return IntStream.range(0, Philox.WORDS).mapToLong(w ->
            ScalarEvaluator.compile(Philox.word(counters, keys, w), s -> null).at(new long[0])).toArray();
    }
}
