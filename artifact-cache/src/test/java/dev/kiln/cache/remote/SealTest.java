package dev.kiln.cache.remote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.cache.CorruptEntryException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SealTest {
    private static final int LIMIT = 1 << 20;
    private static final Seal OPEN = new Seal(Optional.empty());
    private static final Seal SIGNED = new Seal(Optional.of("a word"));

    @Test
    void givesBackWhatWasClosed() throws CorruptEntryException {
        for (int length : new int[] {0, 1, 44, 1000, 64 << 10, (64 << 10) + 1, 300_000}) {
            for (byte[] content : new byte[][] {noise(length), new byte[length]}) {
                for (Seal seal : new Seal[] {OPEN, SIGNED}) {
                    assertThat(seal.open("n", seal.close("n", content), LIMIT)).isEqualTo(content);
                }
            }
        }
    }

    @Test
    void packsOnlyWhatShrinks() {
        assertThat(OPEN.close("n", new byte[100_000])).hasSizeLessThan(1000);
        assertThat(OPEN.close("n", noise(100_000))).hasSize(100_044);
    }

    @Test
    void everyBitCounts() {
        byte[] sealed = SIGNED.close("n", new byte[200]);
        for (int bit = 0; bit < 8 * sealed.length; bit++) {
            byte[] bad = sealed.clone();
            bad[bit / 8] ^= (byte) (1 << bit % 8);
            assertThatThrownBy(() -> SIGNED.open("n", bad, LIMIT)).isInstanceOf(CorruptEntryException.class);
        }
        for (int length = 0; length < sealed.length; length++) {
            byte[] bad = Arrays.copyOf(sealed, length);
            assertThatThrownBy(() -> SIGNED.open("n", bad, LIMIT)).isInstanceOf(CorruptEntryException.class);
        }
    }

    @Test
    void aValueIsBoundToItsNameAndToTheSecret() {
        byte[] sealed = SIGNED.close("n", new byte[200]);
        assertThatThrownBy(() -> SIGNED.open("m", sealed, LIMIT)).hasMessageContaining("KILN_REMOTE_CACHE_SECRET");
        assertThatThrownBy(() -> OPEN.open("n", sealed, LIMIT)).hasMessageContaining("KILN_REMOTE_CACHE_SECRET");
        assertThatThrownBy(() -> new Seal(Optional.of("another")).open("n", sealed, LIMIT))
                .hasMessageContaining("KILN_REMOTE_CACHE_SECRET");
        assertThatThrownBy(() -> SIGNED.open("n", OPEN.close("n", new byte[200]), LIMIT))
                .isInstanceOf(CorruptEntryException.class);
    }

    /** Whoever may write there without a secret cannot make a reader allocate more than the limit. */
    @Test
    void aDeclaredLengthIsNotBelieved() {
        for (int declared : new int[] {-1, LIMIT + 1, Integer.MAX_VALUE, 199, 201}) {
            byte[] forged = forge(declared, OPEN.close("n", new byte[200]));
            assertThatThrownBy(() -> OPEN.open("n", forged, LIMIT)).as("%d", declared)
                    .isInstanceOf(CorruptEntryException.class);
        }
    }

    private static byte[] forge(int declared, byte[] sealed) {
        byte[] forged = sealed.clone();
        ByteBuffer.wrap(forged).putInt(8, declared);
        var covered = ByteBuffer.allocate(4 + 1 + forged.length - 32);
        covered.putInt(1).put((byte) 'n').put(forged, 0, 12).put(forged, 44, forged.length - 44);
        System.arraycopy(dev.kiln.cache.Sha256.of(covered.array()), 0, forged, 12, 32);
        return forged;
    }

    private static byte[] noise(int length) {
        byte[] noise = new byte[length];
        new SplittableRandom(7).nextBytes(noise);
        return noise;
    }
}
