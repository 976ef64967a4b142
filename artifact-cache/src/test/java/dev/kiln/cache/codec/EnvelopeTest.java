package dev.kiln.cache.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.cache.CorruptEntryException;
import dev.kiln.cache.CorruptEntryException.Reason;
import dev.kiln.cache.Sha256;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EnvelopeTest {
    private static final byte[] PAYLOAD = "a payload".getBytes();

    @Test
    void givesBackWhatWasSealed() throws CorruptEntryException {
        assertThat(Envelope.open(7, 100, Envelope.seal(7, PAYLOAD))).isEqualTo(PAYLOAD);
        assertThat(Envelope.open(7, 100, Envelope.seal(7, new byte[0]))).isEmpty();
    }

    @Test
    void layoutIsFixed() {
        byte[] sealed = Envelope.seal(7, PAYLOAD);
        var in = ByteBuffer.wrap(sealed);
        assertThat(in.getInt()).isEqualTo(0x4b494c4e);
        assertThat(in.getShort()).isEqualTo((short) 1);
        assertThat(in.getShort()).isEqualTo((short) 7);
        assertThat(in.getInt()).isEqualTo(PAYLOAD.length);
        byte[] covered = Arrays.copyOf(sealed, 12 + PAYLOAD.length);
        System.arraycopy(PAYLOAD, 0, covered, 12, PAYLOAD.length);
        assertThat(Arrays.copyOfRange(sealed, 12, 44)).isEqualTo(Sha256.of(covered));
    }

    @ParameterizedTest
    @CsvSource({"0,BAD_MAGIC", "3,BAD_MAGIC", "4,BAD_DIGEST", "5,BAD_DIGEST", "6,BAD_DIGEST", "7,BAD_DIGEST",
        "8,TOO_LARGE", "9,TOO_LARGE", "11,BAD_LENGTH", "12,BAD_DIGEST", "43,BAD_DIGEST", "44,BAD_DIGEST",
        "52,BAD_DIGEST"})
    void seesAFlippedBitInEveryField(int at, Reason reason) {
        byte[] sealed = Envelope.seal(7, PAYLOAD);
        sealed[at] ^= 0x10;
        assertReason(sealed, reason);
    }

    @Test
    void seesEveryFlippedBit() {
        byte[] sealed = Envelope.seal(7, PAYLOAD);
        for (int bit = 0; bit < 8 * sealed.length; bit++) {
            byte[] flipped = sealed.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            assertThatThrownBy(() -> Envelope.open(7, 100, flipped))
                    .isInstanceOf(CorruptEntryException.class);
        }
    }

    @Test
    void seesEveryTruncation() {
        byte[] sealed = Envelope.seal(7, PAYLOAD);
        for (int length = 0; length < sealed.length; length++) {
            assertReason(Arrays.copyOf(sealed, length),
                    length < Envelope.HEADER ? Reason.TOO_SHORT : Reason.BAD_LENGTH);
        }
        assertReason(Arrays.copyOf(sealed, sealed.length + 1), Reason.BAD_LENGTH);
    }

    @Test
    void refusesWhatIsAboveTheLimit() {
        assertReason(Envelope.seal(7, new byte[101]), Reason.TOO_LARGE);
    }

    @Test
    void tellsAnotherSchemaFromDamage() {
        assertReason(Envelope.seal(8, PAYLOAD), Reason.OTHER_FORMAT);
    }

    private static void assertReason(byte[] sealed, Reason reason) {
        assertThatThrownBy(() -> Envelope.open(7, 100, sealed))
                .isInstanceOfSatisfying(CorruptEntryException.class,
                e -> assertThat(e.reason()).isEqualTo(reason));
    }
}
