package dev.kiln.ops.scalar;

import dev.kiln.ops.DType;
import java.util.ArrayList;
import java.util.List;

/**
 * Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3; SC 2011) as an expression on
 * 64-bit lanes of which the lower halves count. A counter and a key give four random words; nothing else is remembered.
 */
public final class Philox {
    /** Words that a counter gives. */
    public static final int WORDS = 4;

    private static final int ROUNDS = 10;
    private static final long FIRST_FACTOR = 0xD2511F53L;
    private static final long SECOND_FACTOR = 0xCD9E8D57L;
    private static final long FIRST_STEP = 0x9E3779B9L;
    private static final long SECOND_STEP = 0xBB67AE85L;
    private static final long HALF = 0xFFFFFFFFL;

    private Philox() {
    }

    /**
     * One of the four words, from 0 to 2^32 - 1.
     *
     * @param counter four values of dtype u64 below 2^32, the lowest first
     * @param key two such values
     */
    public static Scalar word(List<Scalar> counter, List<Scalar> key, int word) {
        List<Scalar> c = counter;
        for (int round = 0; round < ROUNDS; round++) {
            Scalar first = Scalar.of(ScalarOp.MUL, c.get(0), literal(FIRST_FACTOR));
            Scalar second = Scalar.of(ScalarOp.MUL, c.get(2), literal(SECOND_FACTOR));
            c = List.of(xor(xor(upper(second), c.get(1)), bumped(key.get(0), round * FIRST_STEP)), lower(second),
                xor(xor(upper(first), c.get(3)), bumped(key.get(1), round * SECOND_STEP)), lower(first));
        }
        return c.get(word);
    }

    /** The word for a 64-bit counter and a 64-bit key, both of dtype i64, as i64. */
    public static Scalar word(Scalar counter, Scalar key, int word) {
        List<Scalar> counters = new ArrayList<>(halves(counter));
        counters.add(literal(0));
        counters.add(literal(0));
        return word(counters, halves(key), word).cast(DType.I64);
    }

    private static List<Scalar> halves(Scalar value) {
        Scalar whole = value instanceof Scalar.Literal l ? literal(l.integer()) : value.cast(DType.U64);
        return List.of(lower(whole), upper(whole));
    }

    private static Scalar literal(long value) {
        return Scalar.literal(value, DType.U64);
    }

    private static Scalar lower(Scalar x) {
        return Scalar.of(ScalarOp.BIT_AND, x, literal(HALF));
    }

    private static Scalar upper(Scalar x) {
        return Scalar.of(ScalarOp.SHIFT_RIGHT, x, literal(32));
    }

    private static Scalar xor(Scalar x, Scalar y) {
        return Scalar.of(ScalarOp.BIT_XOR, x, y);
    }

    private static Scalar bumped(Scalar key, long by) {
        return by == 0 ? key : lower(Scalar.of(ScalarOp.ADD, key, literal(by & HALF)));
    }
}
