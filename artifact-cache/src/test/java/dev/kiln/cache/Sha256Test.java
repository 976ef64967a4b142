package dev.kiln.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class Sha256Test {

    @Test
    void matchesTheStandardsExample() {
        assertThat(Sha256.hex("abc".getBytes(StandardCharsets.US_ASCII)))
                .isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    @Test
    void plainLoopAgreesWithThePlatformAtEveryLength() {
        for (int length = 0; length < 300; length++) {
            byte[] content = Samples.content(length, length + 7);
            byte[] expected = Sha256.platform().digest(Arrays.copyOfRange(content, 3, 3 + length));
            assertThat(Sha256.plain(content, 3, length)).as("length %d", length).isEqualTo(expected);
        }
    }

    @Test
    void bothGearsAgree() {
        byte[] content = Samples.content(5, Sha256.SMALL + 1);
        assertThat(Sha256.of(content)).isEqualTo(Sha256.plain(content, 0, content.length));
    }
}
