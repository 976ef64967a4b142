package dev.kiln.kernels.elementary;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/**
 * The C header of elementary functions ({@code kiln_expf}, {@code kiln_erff}, {@code kiln_log} ...) for
 * generated kernels. Errors are at most 4 ULP; the header itself says more.
 */
public final class Elementary {
    private Elementary() {}

    private static final class Text {
        static final String HEADER = read();

        private static String read() {
            try (InputStream in = Elementary.class.getResourceAsStream("elementary.h")) {
                return new String(in.readAllBytes(), StandardCharsets.UTF_8);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** The header's text; it guards itself against repetition and includes nothing. */
    public static String header() {
        return Text.HEADER;
    }
}
