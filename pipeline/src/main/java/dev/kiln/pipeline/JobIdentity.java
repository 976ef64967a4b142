package dev.kiln.pipeline;

import dev.kiln.cache.CacheKey;
import dev.kiln.ops.KilnException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * Tells whether two requests want the same: the same file, unchanged, in the same way.
 *
 * @param modified modification time, nanoseconds as precise as the file system has them
 */
public record JobIdentity(Path model, long size, String modified, CacheKey request) {

    /** @throws KilnException.BadInput if the file cannot be found */
    public static JobIdentity of(Path model, CacheKey request) {
        try {
            BasicFileAttributes found = Files.readAttributes(model, BasicFileAttributes.class);
            return new JobIdentity(model.toRealPath(), found.size(), found.lastModifiedTime().toString(),
                request);
        } catch (IOException e) {
            throw new KilnException.BadInput(model + ": no such model file", e);
        }
    }
}
