package dev.kiln.kernels.gemm;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A C source with {@code @KEY@} holes, read from a class-path resource. */
public final class SourceTemplate {
    private static final Pattern HOLE = Pattern.compile("@([A-Z_]+)@");

    private final String text;

    private SourceTemplate(String text) {
        this.text = text;
    }

    /** Reads the resource that lies beside {@code owner}. */
    public static SourceTemplate of(Class<?> owner, String resource) {
        try (InputStream in = owner.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IllegalStateException("resource " + resource + " is missing beside "
                        + owner.getName());
            }
            return new SourceTemplate(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Fills the holes; a hole without a value is an error. */
    public String fill(Map<String, ?> values) {
        return HOLE.matcher(text).replaceAll(hole -> {
            Object value = values.get(hole.group(1));
            if (value == null) {
                throw new IllegalStateException("no value for @" + hole.group(1) + "@");
            }
            return Matcher.quoteReplacement(value.toString());
        });
    }
}
