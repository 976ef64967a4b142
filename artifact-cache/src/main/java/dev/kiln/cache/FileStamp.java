package dev.kiln.cache;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A file as the file system describes it. No write through the file system leaves all of it unchanged: the
 * change time cannot be set back.
 *
 * @param modified modification time, nanoseconds since the epoch
 * @param changed change time of the inode, nanoseconds since the epoch
 */
record FileStamp(long device, long inode, long size, long modified, long changed) {
    static final int BYTES = 5 * Long.BYTES;

    /** Reads the stamp, following links; empty if there is no such file. */
    static Optional<FileStamp> of(Path file) throws IOException {
        try {
            var found = Files.readAttributes(file, "unix:dev,ino,size,lastModifiedTime,ctime");
            return Optional.of(new FileStamp(number(found.get("dev")), number(found.get("ino")),
                    number(found.get("size")), nanos(found.get("lastModifiedTime")),
                    nanos(found.get("ctime"))));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    /** Later of the two times, nanoseconds since the epoch. */
    long latest() {
        return Math.max(modified, changed);
    }

    /** By hand: what a record generates for itself is linked on first use, which takes a cold JVM 30 ms. */
    @Override
    public boolean equals(Object other) {
        return other instanceof FileStamp that && device == that.device && inode == that.inode
                && size == that.size && modified == that.modified && changed == that.changed;
    }

    @Override
    public int hashCode() {
        return Long.hashCode(device ^ inode ^ size ^ modified ^ changed);
    }

    void write(ByteBuffer out) {
        out.putLong(device).putLong(inode).putLong(size).putLong(modified).putLong(changed);
    }

    static FileStamp read(ByteBuffer in) {
        return new FileStamp(in.getLong(), in.getLong(), in.getLong(), in.getLong(), in.getLong());
    }

    private static long number(Object value) {
        return ((Number) value).longValue();
    }

    private static long nanos(Object value) {
        return ((FileTime) value).to(TimeUnit.NANOSECONDS);
    }
}
