package dev.kiln.cache;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** The cache directory: made private, refused when others could write to it. */
final class CacheFolder {
    private static final int WRITABLE_BY_OTHERS = 0022;
    private static final Path SELF = Path.of("/proc/self");

    private CacheFolder() {
    }

    /**
     * The mode in which the directory can be used: the wanted one, {@link CacheMode#READ} when nothing can be
     * written there, or {@link CacheMode#OFF}. Anything less than wanted is reported.
     */
    static CacheMode prepare(Path folder, CacheMode wanted) {
        if (!wanted.reads()) {
            return wanted;
        }
        try {
            if (!Files.isDirectory(folder)) {
                if (!wanted.writes()) {
                    return wanted;
                }
                Files.createDirectories(folder.toAbsolutePath().getParent());
                makePrivate(folder);
            }
            requirePrivate(folder);
        } catch (IOException e) {
            Reports.warn("works without a cache: " + folder + " cannot be used: " + e);
            return CacheMode.OFF;
        }
        if (wanted.writes() && !Files.isWritable(folder)) {
            Reports.warn("uses the cache only to read: " + folder + " cannot be written");
            return CacheMode.READ;
        }
        return wanted;
    }

    private static void makePrivate(Path folder) throws IOException {
        try {
            Files.createDirectory(folder,
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } catch (FileAlreadyExistsException e) {
            if (!Files.isDirectory(folder)) {
                throw e;
            }
        }
    }

    /** Whoever writes an entry runs code in every process that loads it. */
    private static void requirePrivate(Path folder) throws IOException {
        var found = Files.readAttributes(folder, "unix:mode,uid");
        if (((Integer) found.get("mode") & WRITABLE_BY_OTHERS) != 0) {
            throw new AccessDeniedException(folder.toString(), null,
                    "others can write to it; run chmod go-w on it");
        }
        if (Files.exists(SELF) && !found.get("uid").equals(Files.getAttribute(SELF, "unix:uid"))
                && !Integer.valueOf(0).equals(found.get("uid"))) {
            throw new AccessDeniedException(folder.toString(), null, "it belongs to another user");
        }
    }
}
