package dev.kiln.stages;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** Identifies the compiler's own sources: a checksum made when Kiln is built, so that a new build misses old entries. */
final class BuildId {
    private BuildId() {
    }

    static String get() {
        try (InputStream in = BuildId.class.getResourceAsStream("build-id.txt")) {
            if (in == null) {
                throw new IllegalStateException("build-id.txt is missing; build Kiln with Maven");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
