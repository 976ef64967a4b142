package dev.kiln.stages;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.slf4j.LoggerFactory;

/**
 * The switches for looking inside, read from the environment (or system properties of the same name).
 *
 * @param level {@code KILN_DEBUG}: 1 machine and target, 2 times of kernel candidates, 3 schedules, 4 C source,
 *     5 graph per pass, 6 assembly; each level shows those below it too
 * @param dumpDir {@code KILN_DUMP}: where graphs and sources are written
 * @param excludedPasses {@code KILN_PASS_EXCLUDE}: names, comma separated
 * @param verifyLevel {@code KILN_VERIFY}: 0 never, 1 after each pass that changed the graph, 2 also reads caches in full
 */
public record Debug(int level, Optional<Path> dumpDir, Set<String> excludedPasses, int verifyLevel) {

    public static Debug fromEnvironment() {
        String excluded = setting("KILN_PASS_EXCLUDE", "");
        String dump = setting("KILN_DUMP", "");
        return new Debug(Integer.parseInt(setting("KILN_DEBUG", "0")),
            dump.isEmpty() ? Optional.empty() : Optional.of(Path.of(dump)),
            excluded.isEmpty() ? Set.of() : Set.of(excluded.split(",")),
            Integer.parseInt(setting("KILN_VERIFY", "0")));
    }

    private static String setting(String name, String otherwise) {
        String value = System.getProperty(name, System.getenv(name));
        return value == null || value.isBlank() ? otherwise : value;
    }

    /** Shows something to whoever set {@code KILN_DEBUG} to this level or higher. */
    public void show(int wanted, String title, Supplier<?> what) {
        if (level >= wanted) {
            LoggerFactory.getLogger("kiln.debug").warn("{}\n{}", title, what.get());
        }
    }

    public boolean excludes(String pass) {
        return excludedPasses.contains(pass);
    }

    /** Writes the text of something under the dump directory, if there is one. */
    public void dump(String name, Object what) {
        dumpDir.ifPresent(dir -> {
            try {
                Files.createDirectories(dir);
                Files.writeString(dir.resolve(name.replaceAll("[^A-Za-z0-9_.-]", "_") + ".txt"), what.toString());
            } catch (IOException e) {
                throw new UncheckedIOException("cannot write to KILN_DUMP=" + dir, e);
            }
        });
    }
}
