package dev.kiln.stages.oracle;

import dev.kiln.ops.schema.OpOverload;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;

/** Ops whose derivatives are missing or cannot be compared, with the reason behind the name. */
final class PendingGradients {
    private static final Set<String> OPS = Set.copyOf(read("pending-gradients.txt"));

    private PendingGradients() {
    }

    static boolean contains(OpOverload op) {
        return OPS.contains(op.name());
    }

    private static List<String> read(String file) {
        try (InputStream in = PendingGradients.class.getResourceAsStream(file)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines()
                .filter(l -> !l.isBlank() && !l.startsWith("#")).map(l -> l.split(" ")[0]).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
