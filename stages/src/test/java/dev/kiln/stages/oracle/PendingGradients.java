package dev.kiln.stages.oracle;

import dev.kiln.ops.schema.OpOverload;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Ops whose derivatives are still to come or are known to differ, with the reason behind the name. */
final class PendingGradients {
    private static final List<String> FILES = List.of("pending-gradients.txt", "pending-gradients-layers.txt");
    private static final Set<String> OPS = FILES.stream().flatMap(f -> read(f).stream())
        .collect(Collectors.toCollection(TreeSet::new));

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
