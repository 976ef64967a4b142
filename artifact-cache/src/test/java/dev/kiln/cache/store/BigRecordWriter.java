package dev.kiln.cache.store;

import java.nio.file.Path;
import java.util.List;

/** Child process: writes records of 8 MiB each. */
public final class BigRecordWriter {
    private static final int SIZE = 8 << 20;

    private BigRecordWriter() {
    }

    /** Arguments: directory, number of records. */
    public static void main(String[] arguments) {
        Path folder = Path.of(arguments[0]);
        try (var store = LmdbStore.open(folder, folder.resolve("tmp"))) {
            for (byte i = 0; i < Integer.parseInt(arguments[1]); i++) {
                store.write(List.of(Change.put(Kind.TUNING, new byte[] {i}, new byte[SIZE]))).join();
            }
        }
    }
}
