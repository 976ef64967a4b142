package dev.kiln.ops.shape;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.ops.graph.Arg;
import java.math.BigInteger;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A size is an exact integer wherever it goes; a double has 53 bits. */
class SymIntExactnessTest {
    private static final SymInt A = SymInt.symbol("a");
    private static final List<Long> LARGE = List.of((1L << 53) + 1, (1L << 62), (1L << 62) + 3, Long.MAX_VALUE,
        Long.MIN_VALUE, -(1L << 53) - 1);

    @Test
    void largeNumbersStayExact() {
        for (long value : LARGE) {
            assertThat(SymInt.of(value).asLong()).isEqualTo(value);
            assertThat(SymInt.parse(SymInt.of(value).toString())).isEqualTo(SymInt.of(value));
            assertThat(A.plus(0).evaluate(s -> value)).isEqualTo(value);
            assertThat(A.substitute(s -> SymInt.of(value)).asLong()).isEqualTo(value);
            assertThat(new Arg.Int(SymInt.of(value))).hasToString(Long.toString(value));
            assertThat(A.floorDiv(SymInt.of(3)).evaluate(s -> value)).isEqualTo(Math.floorDiv(value, 3));
            assertThat(A.mod(SymInt.of(1000)).evaluate(s -> value)).isEqualTo(Math.floorMod(value, 1000));
            assertThat(Guard.equal(A, SymInt.of(value)).holds(s -> value)).isTrue();
        }
        assertThat(Guard.equal(A, SymInt.of(1L << 53)).holds(s -> (1L << 53) + 1)).isFalse();
    }

    @Test
    void overflowIsAnError() {
        assertThatThrownBy(() -> SymInt.of(1L << 62).plus(SymInt.of(1L << 62))).isInstanceOf(ArithmeticException.class);
        assertThatThrownBy(() -> SymInt.of(1L << 62).times(2)).isInstanceOf(ArithmeticException.class);
        assertThatThrownBy(() -> A.times(A).evaluate(s -> 1L << 32)).isInstanceOf(ArithmeticException.class);
        assertThatThrownBy(() -> SymInt.of(Long.MIN_VALUE).negate()).isInstanceOf(ArithmeticException.class);
        assertThatThrownBy(() -> SymInt.of(Long.MIN_VALUE).floorDiv(SymInt.of(-1)))
            .isInstanceOf(ArithmeticException.class);
        assertThatThrownBy(() -> SymInt.parse("9223372036854775809")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void arithmeticAgreesWithBigIntegersOrOverflows() {
        Random random = new Random(5);
        for (int i = 0; i < 2000; i++) {
            long a = random.nextLong() >> random.nextInt(64);
            long b = random.nextLong() >> random.nextInt(64);
            BigInteger exact = BigInteger.valueOf(a).multiply(BigInteger.valueOf(b)).add(BigInteger.valueOf(a));
            SymInt value = A.times(b).plus(A);
            if (fits(exact) && fits(BigInteger.valueOf(a).multiply(BigInteger.valueOf(b))) && b != Long.MAX_VALUE) {
                assertThat(value.evaluate(s -> a)).isEqualTo(exact.longValueExact());
            } else if (!fits(exact)) {
                assertThatThrownBy(() -> value.evaluate(s -> a)).isInstanceOf(ArithmeticException.class);
            }
        }
    }

    private static boolean fits(BigInteger value) {
        return value.bitLength() < 64;
    }
}
