package dev.kiln.stages.autotune;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A folder for the time of one tuning session. */
record TuningFolder(Path path) implements AutoCloseable {
    static TuningFolder create() {
        try {
            return new TuningFolder(Files.createTempDirectory("kiln-tune-"));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot make a folder for autotuning: " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        try (Stream<Path> tree = Files.walk(path)) {
            List<Path> paths = tree.sorted(Comparator.reverseOrder()).toList();
            for (Path each : paths) {
                Files.deleteIfExists(each);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove " + path + ": " + e.getMessage(), e);
        }
    }
}
