package dev.kiln.cache.store;

import java.io.File;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * The record file of one cache directory: {@link LmdbPages} to read, a {@link WriterThread} to write.
 *
 * <p>LMDB allows one environment per file and process (its file locks belong to the process), so opening a
 * directory twice gives the same store, closed with its last user.
 */
public final class LmdbStore implements RecordStore {
    static final String DATA = "data.mdb";
    static final String LOCK = "lock.mdb";
    private static final Map<Path, LmdbStore> OPEN = new HashMap<>();

    private final Path folder;
    private final File data;
    private final WriterThread writer;
    private LmdbPages pages;
    private int users;

    private LmdbStore(Path folder, Path temporary) {
        this.folder = folder;
        data = folder.resolve(DATA).toFile();
        writer = new WriterThread(folder, temporary, this::forgetPages);
    }

    /**
     * Opens the store; touches no file until it is used.
     *
     * @param folder where the record file lies or will lie; must exist when something is written
     * @param temporary where LMDB's C library may be unpacked when something is first written
     */
    public static LmdbStore open(Path folder, Path temporary) {
        Path absolute = folder.toAbsolutePath().normalize();
        synchronized (OPEN) {
            LmdbStore store = OPEN.get(absolute);
            if (store == null) {
                store = new LmdbStore(absolute, temporary);
                OPEN.put(absolute, store);
            }
            store.users++;
            return store;
        }
    }

    @Override
    public Optional<byte[]> get(Kind kind, byte[] key) {
        return read(file -> file.get(kind.database(), key), Optional.empty());
    }

    @Override
    public CompletableFuture<Void> write(List<Change> changes) {
        return writer.submit(changes);
    }

    @Override
    public void forEach(Kind kind, byte[] prefix, Visitor visitor) {
        read(file -> {
            file.forEach(kind.database(), prefix, visitor);
            return true;
        }, false);
    }

    @Override
    public long count(Kind kind) {
        return read(file -> file.count(kind.database()), 0L);
    }

    @Override
    public long bytes() {
        return read(LmdbPages::length, 0L);
    }

    @Override
    public void check() {
        read(file -> {
            file.check();
            return true;
        }, false);
    }

    @Override
    public CompletableFuture<Void> recover(Path quarantine) {
        return writer.recover(quarantine);
    }

    @Override
    public void close() {
        synchronized (OPEN) {
            if (users == 0 || --users > 0) {
                return;
            }
            OPEN.remove(folder);
            writer.close();
            forgetPages();
        }
    }

    /** Something read from the file. */
    private interface Reading<T> {
        T from(LmdbPages pages) throws IOException;
    }

    private <T> T read(Reading<T> reading, T none) {
        try {
            LmdbPages file = pages();
            return file.length() == 0 ? none : reading.from(file);
        } catch (FileNotFoundException e) {
            if (data.exists()) {
                throw StoreException.unavailable("cannot read " + data + ": " + e.getMessage(), e);
            }
            return none;
        } catch (IOException e) {
            throw StoreException.unavailable("cannot read " + data + ": " + e.getMessage(), e);
        }
    }

    private synchronized LmdbPages pages() throws IOException {
        if (pages == null) {
            pages = new LmdbPages(data);
        }
        return pages;
    }

    private synchronized void forgetPages() {
        if (pages != null) {
            try {
                pages.close();
            } catch (IOException e) {
                throw StoreException.unavailable("cannot close " + data, e);
            } finally {
                pages = null;
            }
        }
    }
}
