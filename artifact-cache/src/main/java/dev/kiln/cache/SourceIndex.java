package dev.kiln.cache;

import dev.kiln.cache.codec.Envelope;
import dev.kiln.cache.store.Change;
import dev.kiln.cache.store.Kind;
import dev.kiln.cache.store.StoreException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * From a model file and a request to the key of the compile, so that a warm start does not read the model.
 *
 * <p>A file whose {@link FileStamp} is the remembered one has the remembered content. As in git's index, a
 * stamp that was remembered less than two seconds after the file changed is not believed: the file may have
 * changed again within the resolution of its times. A file that is not believed is hashed, and its content
 * may still be known.
 *
 * <p>A model may lie in several files (external weights); the names of the others are remembered with the
 * content of the main one, relative to it.
 */
public final class SourceIndex {
    private static final int SCHEMA = 1;
    private static final int MAX_RECORD = 1 << 20;
    private static final long RACY_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final CacheHome home;

    SourceIndex(CacheHome home) {
        this.home = home;
    }

    /**
     * The key this request led to when the model had its present content. Hashes a file only when its stamp
     * is not known.
     *
     * @param request key of everything in the request but the model
     * @throws IOException if a file of the model cannot be read
     */
    public Optional<CacheKey> find(Path model, CacheKey request) throws IOException {
        if (!home.mode().reads()) {
            return Optional.empty();
        }
        Blob main = content(model);
        var content = new KeyBuilder("kr");
        content.component("request").text(request.text());
        content.component("main").blob(main);
        Path folder = model.toAbsolutePath().getParent();
        for (String other : related(main)) {
            Optional<FileStamp> there = FileStamp.of(folder.resolve(other));
            if (there.isEmpty()) {
                return Optional.empty();
            }
            content.component("related").text(other).blob(content(folder.resolve(other)));
        }
        Optional<byte[]> found = record("r:" + content.key());
        return found.isEmpty() ? Optional.empty() : Optional.of(new CacheKey(Keys.text(found.get())));
    }

    /**
     * Remembers where a request led.
     *
     * @param related other files the model was read from, beside or below it
     * @throws IOException if a file of the model cannot be read
     */
    public void remember(Path model, List<Path> related, CacheKey request, CacheKey found)
            throws IOException {
        if (!home.mode().writes()) {
            return;
        }
        Path folder = model.toAbsolutePath().getParent();
        Blob main = content(model);
        var content = new KeyBuilder("kr");
        content.component("request").text(request.text());
        content.component("main").blob(main);
        var names = new ArrayList<String>();
        for (Path other : related) {
            var name = folder.relativize(other.toAbsolutePath()).toString();
            names.add(name);
            content.component("related").text(name).blob(content(other));
        }
        write("f:" + main.digest(), String.join("\n", names).getBytes(StandardCharsets.UTF_8));
        write("r:" + content.key(), Keys.bytes(found));
    }

    /** Content of a file: remembered if its stamp can be believed, else hashed and remembered. */
    public Blob content(Path file) throws IOException {
        Path real = file.toRealPath();
        FileStamp stamp = FileStamp.of(real).orElseThrow();
        var name = "p:" + Sha256.hex(real.toString().getBytes(StandardCharsets.UTF_8));
        Optional<byte[]> record = record(name);
        Optional<Blob> known = record.isEmpty() ? Optional.empty() : believed(record.get(), stamp);
        if (known.isPresent()) {
            home.metrics().increment("source.stamp");
            return known.get();
        }
        home.metrics().increment("source.hashed");
        long now = TimeUnit.MILLISECONDS.toNanos(System.currentTimeMillis());
        Blob content = ContentDigest.of(real);
        if (FileStamp.of(real).filter(stamp::equals).isPresent()) {
            var fresh = ByteBuffer.allocate(FileStamp.BYTES + Long.BYTES + 64);
            stamp.write(fresh);
            fresh.putLong(now).put(Keys.bytes(content.digest()));
            write(name, fresh.array());
        }
        return content;
    }

    private static Optional<Blob> believed(byte[] record, FileStamp stamp) {
        var in = ByteBuffer.wrap(record);
        if (record.length != FileStamp.BYTES + Long.BYTES + 64 || !FileStamp.read(in).equals(stamp)
                || in.getLong() - stamp.latest() < RACY_NANOS) {
            return Optional.empty();
        }
        return Optional.of(new Blob(Keys.text(Arrays.copyOfRange(record, in.position(), record.length)),
                stamp.size()));
    }

    private List<String> related(Blob main) {
        Optional<byte[]> names = record("f:" + main.digest());
        return names.isEmpty() || names.get().length == 0 ? List.of()
                : List.of(utf8(names.get()).split("\n"));
    }

    private Optional<byte[]> record(String name) {
        try {
            Optional<byte[]> sealed = home.records().get(Kind.SOURCE, Keys.bytes(name));
            return sealed.isEmpty() ? Optional.empty()
                    : Optional.of(Envelope.open(SCHEMA, MAX_RECORD, sealed.get()));
        } catch (CorruptEntryException e) {
            home.metrics().increment("source.corrupt");
            Reports.warn("a record of the source index is not used: " + e.getMessage());
        } catch (StoreException e) {
            home.trouble(e);
        }
        return Optional.empty();
    }

    private void write(String name, byte[] record) {
        if (home.mode().writes()) {
            home.records().write(List.of(Change.put(Kind.SOURCE, Keys.bytes(name),
                    Envelope.seal(SCHEMA, record))));
        }
    }

    private static String utf8(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
