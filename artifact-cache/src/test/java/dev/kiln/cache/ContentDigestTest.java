package dev.kiln.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ContentDigestTest {
    private static final int CHUNK = ContentDigest.CHUNK;

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 1000, 256 << 10, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 17})
    void allWaysToReadAgreeWithTheDefinition(int length) throws IOException {
        byte[] content = Samples.content(length, length);
        var expected = new Blob(definition(content), length);
        assertThat(ContentDigest.of(content)).isEqualTo(expected);
        Path file = Files.write(folder.resolve("file"), content);
        assertThat(ContentDigest.of(file)).isEqualTo(expected);
        var parts = new ContentDigest.Incremental();
        for (int from = 0; from < length; from += 700_001) {
            parts.update(ByteBuffer.wrap(content, from, Math.min(700_001, length - from)));
        }
        assertThat(parts.finish()).isEqualTo(expected);
    }

    @Test
    void contentThatLooksLikeATreeHasAnotherDigest() {
        byte[] large = Samples.content(1, 2 * CHUNK);
        var tree = ByteBuffer.allocate(1 + 8 + 64).put((byte) 1).putLong(large.length);
        tree.put(leaf(large, 0, CHUNK)).put(leaf(large, CHUNK, CHUNK));
        assertThat(ContentDigest.of(tree.array()).digest()).isNotEqualTo(ContentDigest.of(large).digest());
    }

    private static String definition(byte[] content) {
        if (content.length <= CHUNK) {
            return HexFormat.of().formatHex(leaf(content, 0, content.length));
        }
        MessageDigest root = Sha256.platform();
        root.update((byte) 1);
        root.update(ByteBuffer.allocate(8).putLong(0, content.length).array());
        for (int from = 0; from < content.length; from += CHUNK) {
            root.update(leaf(content, from, Math.min(CHUNK, content.length - from)));
        }
        return HexFormat.of().formatHex(root.digest());
    }

    private static byte[] leaf(byte[] content, int from, int length) {
        MessageDigest sha = Sha256.platform();
        sha.update((byte) 0);
        return sha.digest(Arrays.copyOfRange(content, from, from + length));
    }
}
