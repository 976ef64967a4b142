package dev.kiln.cache;

import dev.kiln.cache.store.Kind;
import dev.kiln.cache.store.StoreException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What looking after the cache has in common. */
final class Maintenance {
    private final CacheHome home;

    Maintenance(CacheHome home) {
        this.home = home;
    }

    CacheStats stats() {
        var records = new TreeMap<String, Long>();
        long bytes = 0;
        try {
            for (Kind kind : Kind.values()) {
                records.put(kind.database(), home.records().count(kind));
            }
            bytes = home.records().bytes();
        } catch (StoreException e) {
            home.trouble(e);
        }
        Map<String, Long> blobs = blobs();
        return new CacheStats(records, bytes, blobs.size(),
                blobs.values().stream().mapToLong(Long::longValue).sum(), files(home.quarantine()).size());
    }

    /** Length of every blob file, by digest. */
    Map<String, Long> blobs() {
        var lengths = new HashMap<String, Long>();
        try {
            home.blobs().forEach(file -> lengths.put(BlobStore.digest(file), length(file)));
        } catch (IOException e) {
            Reports.warn("cannot list the blobs: " + e.getMessage());
        }
        return lengths;
    }

    static List<Path> files(Path folder) {
        var files = new ArrayList<Path>();
        try (DirectoryStream<Path> found = Files.newDirectoryStream(folder)) {
            found.forEach(files::add);
        } catch (NoSuchFileException e) {
            return files;
        } catch (IOException e) {
            Reports.warn("cannot list " + folder + ": " + e.getMessage());
        }
        return files;
    }

    /** Zero for a file that has just gone. */
    static long length(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            return 0;
        }
    }

    static boolean delete(Path file) {
        try {
            return Files.deleteIfExists(file);
        } catch (IOException e) {
            Reports.warn("cannot delete " + file + ": " + e.getMessage());
            return false;
        }
    }
}
