package dev.kiln.stages.trace.pt2.archive;

import dev.kiln.ops.KilnException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.zip.CRC32;

/**
 * A ZIP file of stored entries in (mapped) memory; a ZIP inside of it is one more archive over a part of the same
 * memory. An entry's bytes are never copied, and its checksum is compared when it is first read.
 */
final class ZipArchive {
    private static final int LOCAL = 0x04034b50;
    private static final int LOCAL_SIZE = 30;
    private static final int CRC_CHUNK = 1 << 26;

    private final String name;
    private final MemorySegment data;
    private final Map<String, ZipEntry> entries;
    private final Set<String> checked = new HashSet<>();

    /**
     * @param name what errors call the file
     * @throws KilnException.BadInput if it is not a complete ZIP file, or its names are not safe
     */
    ZipArchive(String name, MemorySegment data) {
        this.name = name;
        this.data = data;
        entries = ZipDirectory.read(name, data);
    }

    String name() {
        return name;
    }

    /** Names in the directory's order. */
    Set<String> names() {
        return entries.keySet();
    }

    boolean has(String entry) {
        return entries.containsKey(entry);
    }

    /** The folder that all entries of a PyTorch file lie in, by the first of them. */
    Optional<String> root() {
        return names().stream().findFirst().filter(n -> n.indexOf('/') > 0)
            .map(n -> n.substring(0, n.indexOf('/') + 1));
    }

    /** The bytes of an entry, which is a part of the file. */
    MemorySegment bytes(String entry) {
        ZipEntry found = entries.get(entry);
        if (found == null) {
            throw new KilnException.BadInput(name + ": entry '" + entry + "' is missing");
        }
        MemorySegment bytes = data.asSlice(start(found), found.size());
        if (checked.add(entry) && crc(bytes) != found.crc()) {
            throw new KilnException.BadInput(name + ": entry '" + entry
                + "' is damaged (its checksum does not match)");
        }
        return bytes;
    }

    /** A short text entry without white space around it. */
    Optional<String> text(String entry) {
        if (!has(entry)) {
            return Optional.empty();
        }
        MemorySegment bytes = bytes(entry);
        if (bytes.byteSize() > 1 << 12) {
            throw new KilnException.BadInput(name + ": entry '" + entry + "' is too long");
        }
        return Optional.of(new LittleEndian(bytes).text(0, bytes.byteSize(), StandardCharsets.UTF_8).strip());
    }

    /** A ZIP file that is stored as an entry of this one. */
    ZipArchive nested(String entry) {
        return new ZipArchive(name + ": " + entry, bytes(entry));
    }

    /** The local header's name and extra field may be longer than the directory's. */
    private long start(ZipEntry entry) {
        LittleEndian in = new LittleEndian(data);
        if (entry.header() + LOCAL_SIZE > in.size() || in.int32(entry.header()) != LOCAL) {
            throw misplaced(entry);
        }
        long start = entry.header() + LOCAL_SIZE + in.uint16(entry.header() + 26)
            + in.uint16(entry.header() + 28);
        if (start > in.size() || entry.size() > in.size() - start) {
            throw misplaced(entry);
        }
        return start;
    }

    private KilnException.BadInput misplaced(ZipEntry entry) {
        return new KilnException.BadInput(name + ": entry '" + entry.name()
            + "' is not where the directory says; the file may be truncated");
    }

    private static int crc(MemorySegment bytes) {
        CRC32 crc = new CRC32();
        for (long at = 0; at < bytes.byteSize(); at += CRC_CHUNK) {
            crc.update(bytes.asSlice(at, Math.min(CRC_CHUNK, bytes.byteSize() - at)).asByteBuffer());
        }
        return (int) crc.getValue();
    }
}
