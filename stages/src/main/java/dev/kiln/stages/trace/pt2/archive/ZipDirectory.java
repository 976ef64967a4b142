package dev.kiln.stages.trace.pt2.archive;

import dev.kiln.ops.KilnException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Reads the central directory of a ZIP file, ZIP64 included. Local headers are not trusted for sizes: PyTorch's
 * writer leaves them zero and puts a descriptor behind the data.
 */
final class ZipDirectory {
    private static final int END = 0x06054b50;
    private static final int END_SIZE = 22;
    private static final int END64 = 0x06064b50;
    private static final int LOCATOR64 = 0x07064b50;
    private static final int LOCATOR64_SIZE = 20;
    private static final int ENTRY = 0x02014b50;
    private static final int ENTRY_SIZE = 46;
    private static final int EXTRA64 = 1;
    private static final int MAX_COMMENT = 0xffff;
    private static final long NO_INT = 0xffffffffL;

    private final String file;
    private final LittleEndian in;

    private ZipDirectory(String file, MemorySegment data) {
        this.file = file;
        in = new LittleEndian(data);
    }

    /** Entries by name, in the directory's order; folders are left out. */
    static Map<String, ZipEntry> read(String file, MemorySegment data) {
        ZipDirectory directory = new ZipDirectory(file, data);
        try {
            return directory.entries();
        } catch (IndexOutOfBoundsException e) {
            throw directory.damaged("its directory ends too early");
        }
    }

    private record End(long entries, long size, long offset) {
    }

    private Map<String, ZipEntry> entries() {
        long at = findEnd();
        End end = end64(at).orElseGet(() -> end(at));
        if (end.offset < 0 || end.size < 0 || end.offset > at || end.size > at - end.offset
                || end.entries < 0 || end.entries > end.size / ENTRY_SIZE) {
            throw damaged("its directory points outside the file");
        }
        Map<String, ZipEntry> entries = new LinkedHashMap<>();
        long next = end.offset;
        for (long i = 0; i < end.entries; i++) {
            if (in.int32(next) != ENTRY) {
                throw damaged("entry " + i + " of its directory is not one");
            }
            add(entries, next);
            next += ENTRY_SIZE + in.uint16(next + 28) + in.uint16(next + 30) + in.uint16(next + 32);
        }
        return entries;
    }

    /** The end record is the last thing in the file but for a comment. */
    private long findEnd() {
        long size = in.size();
        for (long at = size - END_SIZE; at >= Math.max(0, size - END_SIZE - MAX_COMMENT); at--) {
            if (in.int32(at) == END && at + END_SIZE + in.uint16(at + 20) == size) {
                return at;
            }
        }
        throw damaged("it has no ZIP directory at its end; the file may be truncated");
    }

    private End end(long at) {
        int entries = in.uint16(at + 10);
        requireOneDisk(in.uint16(at + 4));
        return new End(entries, in.uint32(at + 12), in.uint32(at + 16));
    }

    private Optional<End> end64(long end) {
        long locator = end - LOCATOR64_SIZE;
        if (locator < 0 || in.int32(locator) != LOCATOR64) {
            return Optional.empty();
        }
        long at = in.int64(locator + 8);
        if (at < 0 || at > locator || in.int32(at) != END64) {
            throw damaged("its ZIP64 directory is not where the file says");
        }
        requireOneDisk(in.int32(at + 16));
        return Optional.of(new End(in.int64(at + 32), in.int64(at + 40), in.int64(at + 48)));
    }

    private void requireOneDisk(int disk) {
        if (disk != 0) {
            throw new KilnException.Unsupported(file + " is split over several files");
        }
    }

    private void add(Map<String, ZipEntry> entries, long at) {
        int nameLength = in.uint16(at + 28);
        String name = in.text(at + ENTRY_SIZE, nameLength, StandardCharsets.UTF_8);
        requireSafe(name);
        if (name.endsWith("/")) {
            return;
        }
        int flags = in.uint16(at + 8);
        if ((flags & 1) != 0 || in.uint16(at + 10) != 0) {
            throw new KilnException.Unsupported(file + ": entry '" + name + "' is "
                + ((flags & 1) != 0 ? "encrypted" : "compressed") + "; PyTorch stores entries as they are");
        }
        ZipEntry entry = sized(name, at, at + ENTRY_SIZE + nameLength, in.uint16(at + 30));
        if (entries.put(name, entry) != null) {
            throw damaged("entry '" + name + "' is there twice");
        }
    }

    /** Sizes and offset, from the ZIP64 extra field where the plain ones are full. */
    private ZipEntry sized(String name, long at, long extra, int extraLength) {
        long stored = in.uint32(at + 20);
        long size = in.uint32(at + 24);
        long header = in.uint32(at + 42);
        long field = extra64(extra, extra + extraLength);
        if (size == NO_INT && field >= 0) {
            size = in.int64(field);
            field += 8;
        }
        if (stored == NO_INT && field >= 0) {
            stored = in.int64(field);
            field += 8;
        }
        if (header == NO_INT && field >= 0) {
            header = in.int64(field);
        }
        if (size != stored || size < 0 || header < 0 || size > in.size() || header > in.size() - size) {
            throw damaged("entry '" + name + "' points outside the file");
        }
        return new ZipEntry(name, header, size, in.int32(at + 16));
    }

    private long extra64(long from, long to) {
        for (long at = from; at + 4 <= to; at += 4 + in.uint16(at + 2)) {
            if (in.uint16(at) == EXTRA64) {
                return at + 4;
            }
        }
        return -1;
    }

    private void requireSafe(String name) {
        boolean safe = !name.isEmpty() && !name.startsWith("/") && name.indexOf('\\') < 0
            && name.indexOf('\0') < 0 && !(name.length() > 1 && name.charAt(1) == ':');
        for (String part : name.split("/")) {
            safe &= !part.equals("..");
        }
        if (!safe) {
            throw damaged("entry name '" + name + "' leads outside the archive");
        }
    }

    private KilnException.BadInput damaged(String reason) {
        return new KilnException.BadInput(file + ": not a complete ZIP archive (" + reason + ")");
    }
}
