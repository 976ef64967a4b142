package dev.kiln.pipeline;

import dev.kiln.cache.CacheKey;
import dev.kiln.ops.KilnException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;

/** Tells whether two requests want the same: the same file, unchanged, in the same way; or the same graph. */
public record JobIdentity(Optional<FileState> file, CacheKey request) {

    /** @param modified modification time, nanoseconds as precise as the file system has them */
    public record FileState(Path model, long size, String modified) {
    }

    /** A graph that was traced already: its artifact's key says all. */
    public static JobIdentity ofGraph(CacheKey artifact) {
        return new JobIdentity(Optional.empty(), artifact);
    }

    /** @throws KilnException.BadInput if the file cannot be found */
    public static JobIdentity of(Path model, CacheKey request) {
        try {
            BasicFileAttributes found = Files.readAttributes(model, BasicFileAttributes.class);
            return new JobIdentity(Optional.of(new FileState(model.toRealPath(), found.size(),
                found.lastModifiedTime().toString())), request);
        } catch (IOException e) {
            throw new KilnException.BadInput(model + ": no such model file", e);
        }
    }
}
