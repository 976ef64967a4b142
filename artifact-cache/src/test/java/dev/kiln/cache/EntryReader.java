package dev.kiln.cache;

import java.nio.file.Path;

/** Child process: looks up one entry, reads its blobs and the statistics, and exits with 0 after a hit. */
public final class EntryReader {
    private EntryReader() {
    }

    /** Arguments: directory, seed. */
    public static void main(String[] arguments) {
        boolean hit;
        try (var home = CacheHome.open(new CacheSettings(Path.of(arguments[0]), CacheMode.WRITE))) {
            CacheKey key = Samples.key(Integer.parseInt(arguments[1]));
            hit = home.artifacts().lookup(key) instanceof CacheLookup.Hit
                    && home.artifacts().stats().blobs() > 0;
        }
        System.exit(hit ? 0 : 3);
    }
}
