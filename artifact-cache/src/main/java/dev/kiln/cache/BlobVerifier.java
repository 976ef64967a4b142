package dev.kiln.cache;

import dev.kiln.cache.store.Change;
import dev.kiln.cache.store.Kind;
import dev.kiln.cache.store.StoreException;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.zip.CRC32;

/**
 * Tells whether blob files hold what their names say, without reading gigabytes on each start.
 *
 * <p>A file is read in full once, and then its {@link FileStamp} is remembered. While the stamp is the same,
 * nothing has written to the file; when it differs, the file is read in full before it is used. A blob of at
 * most one chunk is read on every check all the same and compared with a remembered CRC-32, which costs a
 * cold JVM nothing.
 *
 * <p>What this cannot see at once is a bit of a large blob that decays on the disk itself, with no write:
 * such a file is found by {@link #recheck}, by {@code cache verify} and by {@code KILN_VERIFY=2}.
 */
public final class BlobVerifier {
    /**
     * Bytes up to which a blob is read on every look-up: code and small constants, not weights. Reading all of a
     * model's weights would take longer than all else of a warm start; any write to them shows in their stamp.
     */
    private static final long READ_ALWAYS = 256 * 1024;
    private static final int PART = 64 << 10;
    private static final int RECORD = FileStamp.BYTES + 2 * Long.BYTES;

    private final BlobStore store;
    private final VerifierSettings settings;

    BlobVerifier(BlobStore store, VerifierSettings settings) {
        this.store = store;
        this.settings = settings;
    }

    /** Checks a blob as cheaply as its stamp allows. */
    public BlobState check(Blob blob) throws IOException {
        Path file = store.path(blob);
        Optional<FileStamp> stamp = FileStamp.of(file);
        if (stamp.isEmpty()) {
            return BlobState.MISSING;
        }
        if (stamp.get().size() != blob.bytes()) {
            return BlobState.WRONG_LENGTH;
        }
        if (settings.always()) {
            return checkFully(blob);
        }
        Optional<Checked> known = known(blob);
        boolean trusted = known.isPresent() && known.get().stamp().equals(stamp.get())
                && (blob.bytes() > READ_ALWAYS || known.get().crc() == crc(file));
        return trusted ? BlobState.WHOLE : checkFully(blob);
    }

    /** Reads the whole blob, and remembers the file if it is good. */
    public BlobState checkFully(Blob blob) throws IOException {
        Path file = store.path(blob);
        try {
            Optional<FileStamp> before = FileStamp.of(file);
            Blob found = ContentDigest.of(file);
            if (found.bytes() != blob.bytes()) {
                return BlobState.WRONG_LENGTH;
            }
            if (!found.equals(blob)) {
                return BlobState.WRONG_DIGEST;
            }
            if (before.equals(FileStamp.of(file))) {
                remember(blob);
            }
            return BlobState.WHOLE;
        } catch (NoSuchFileException e) {
            return BlobState.MISSING;
        }
    }

    /**
     * Reads blobs again, in the background, whose last full check is older than the settings allow.
     *
     * @param bad called for each blob that is not whole
     * @return the thread that does it, or empty when nothing is due
     */
    public Optional<Thread> recheck(Collection<Blob> blobs, BiConsumer<Blob, BlobState> bad) {
        long due = System.currentTimeMillis() - settings.recheckAfter().toMillis();
        var old = new ArrayList<Blob>();
        for (Blob blob : blobs) {
            Optional<Checked> known = known(blob);
            if (known.isPresent() && known.get().at() < due) {
                old.add(blob);
            }
        }
        if (old.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(Thread.ofPlatform().name("kiln-blob-check").daemon().priority(Thread.MIN_PRIORITY)
                .start(() -> old.forEach(blob -> recheck(blob, bad))));
    }

    private void recheck(Blob blob, BiConsumer<Blob, BlobState> bad) {
        try {
            BlobState state = checkFully(blob);
            if (state != BlobState.WHOLE) {
                bad.accept(blob, state);
            }
        } catch (IOException e) {
            Reports.warn("cannot check blob " + blob.digest() + ": " + e.getMessage());
        }
    }

    /** Remembers a file that is known to be good as it is now. */
    void remember(Blob blob) throws IOException {
        Path file = store.path(blob);
        Optional<FileStamp> stamp = FileStamp.of(file);
        if (settings.writes() && stamp.isPresent()) {
            var record = ByteBuffer.allocate(RECORD);
            stamp.get().write(record);
            record.putLong(System.currentTimeMillis())
                    .putLong(blob.bytes() > READ_ALWAYS ? 0 : crc(file));
            settings.records().write(List.of(Change.put(Kind.STAMP, key(blob), record.array())));
        }
    }

    /** @param at time of the full check, milliseconds since the epoch */
    private record Checked(FileStamp stamp, long at, long crc) {
    }

    private Optional<Checked> known(Blob blob) {
        try {
            Optional<byte[]> record = settings.records().get(Kind.STAMP, key(blob));
            if (record.isEmpty() || record.get().length != RECORD) {
                return Optional.empty();
            }
            var in = ByteBuffer.wrap(record.get());
            return Optional.of(new Checked(FileStamp.read(in), in.getLong(), in.getLong()));
        } catch (StoreException e) {
            return Optional.empty();
        }
    }

    static byte[] key(Blob blob) {
        return Keys.bytes(blob.digest());
    }

    private static long crc(Path file) throws IOException {
        var crc = new CRC32();
        byte[] part = new byte[PART];
        try (var in = new FileInputStream(file.toFile())) {
            for (int size = in.read(part); size > 0; size = in.read(part)) {
                crc.update(part, 0, size);
            }
        }
        return crc.getValue();
    }
}
