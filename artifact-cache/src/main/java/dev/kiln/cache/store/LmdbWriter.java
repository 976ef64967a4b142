package dev.kiln.cache.store;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.lmdbjava.ByteArrayProxy;
import org.lmdbjava.Dbi;
import org.lmdbjava.DbiFlags;
import org.lmdbjava.Env;
import org.lmdbjava.EnvFlags;
import org.lmdbjava.LmdbException;
import org.lmdbjava.Txn;

/**
 * LMDB's side of the record file: one environment, write transactions only. Belongs to one thread, to which
 * LMDB binds each write transaction. No other class may touch lmdbjava: it takes a cold JVM half a second to
 * start, which processes that only read must not pay.
 */
final class LmdbWriter implements AutoCloseable {
    private static final long FIRST_MAP = 64L << 20;
    private static final long LAST_MAP = 1L << 40;
    private static final int OWNER_ONLY = 0600;
    /** Read once, when lmdbjava starts; the default is a folder that all users share. */
    private static final String EXTRACT_FOLDER = "lmdbjava.extract.dir";

    private final Env<byte[]> env;
    private final Map<Kind, Dbi<byte[]>> databases = new EnumMap<>(Kind.class);

    /**
     * @param temporary where lmdbjava unpacks the C library, to be swept of what killed processes leave
     * @throws StoreException if LMDB cannot open the record file
     */
    LmdbWriter(Path folder, Path temporary) throws IOException {
        if (System.getProperty(EXTRACT_FOLDER) == null) {
            Files.createDirectories(temporary);
            System.setProperty(EXTRACT_FOLDER, temporary.toString());
        }
        try {
            env = Env.create(ByteArrayProxy.PROXY_BA).setMapSize(FIRST_MAP).setMaxDbs(Kind.values().length)
                    .open(folder.toFile(), OWNER_ONLY, EnvFlags.MDB_NOTLS);
        } catch (LmdbException e) {
            throw failed("open", e);
        }
        try {
            env.readerCheck();
        } catch (LmdbException e) {
            env.close();
            throw failed("open", e);
        }
    }

    /** Applies all changes in one transaction, growing the map when it is full. */
    void apply(List<Change> changes) {
        try {
            boolean committed = false;
            while (!committed) {
                committed = attempt(changes);
            }
        } catch (LmdbException e) {
            throw failed("write", e);
        }
    }

    /** One transaction; false if it has to be tried again in a map of another size. */
    private boolean attempt(List<Change> changes) {
        boolean committed = false;
        try (Txn<byte[]> txn = env.txnWrite()) {
            for (Change change : changes) {
                apply(txn, change);
            }
            txn.commit();
            committed = true;
        } catch (Env.MapFullException e) {
            grow();
        } catch (Dbi.MapResizedException e) {
            adopt();
        } finally {
            if (!committed) {
                databases.clear();
            }
        }
        return committed;
    }

    private void apply(Txn<byte[]> txn, Change change) {
        var database = databases.computeIfAbsent(change.kind(), kind -> env.openDbi(txn,
                kind.database().getBytes(StandardCharsets.UTF_8), null, false, DbiFlags.MDB_CREATE));
        if (change.value().isPresent()) {
            database.put(txn, change.key(), change.value().get());
        } else {
            database.delete(txn, change.key());
        }
    }

    private void grow() {
        long size = env.info().mapSize;
        if (size >= LAST_MAP) {
            throw StoreException.unavailable("the record file is full at " + size
                    + " bytes; prune the cache", null);
        }
        env.setMapSize(size * 2);
    }

    /** Another process has grown the file: take its size. */
    private void adopt() {
        env.setMapSize(0);
    }

    @Override
    public void close() {
        env.close();
    }

    private static StoreException failed(String what, LmdbException cause) {
        return StoreException.unavailable("LMDB cannot " + what + " the record file: " + cause.getMessage(),
                cause);
    }
}
