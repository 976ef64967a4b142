package dev.kiln.cache.store;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * The C library's side of the record file: one environment, write transactions only. Belongs to one thread,
 * to which LMDB binds each write transaction.
 */
final class LmdbWriter implements AutoCloseable {
    private static final long FIRST_MAP = 64L << 20;
    private static final long LAST_MAP = 1L << 40;
    private static final int OWNER_ONLY = 0600;
    private static final int VALUE_STRUCT = 16;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

    private final LmdbBinding lmdb;
    private final long env;
    private final Map<Kind, Integer> databases = new EnumMap<>(Kind.class);
    private long mapSize = FIRST_MAP;

    LmdbWriter(Path folder, Path libraries) throws IOException {
        lmdb = new LmdbBinding(LmdbLibrary.unpack(libraries));
        try (Arena arena = Arena.ofConfined()) {
            var out = arena.allocate(LONG);
            check("create", lmdb.envCreate(out));
            env = out.get(LONG, 0);
            try {
                check("size", lmdb.envSetMapSize(env, mapSize));
                check("configure", lmdb.envSetMaxDbs(env, Kind.values().length));
                check("open", lmdb.envOpen(env, arena.allocateFrom(folder.toString()), LmdbBinding.NO_TLS,
                        OWNER_ONLY));
                lmdb.readerCheck(env, out);
            } catch (StoreException e) {
                lmdb.envClose(env);
                throw e;
            }
        }
    }

    /** Applies all changes in one transaction, growing the map when it is full. */
    void apply(List<Change> changes) {
        while (true) {
            int rc = attempt(changes);
            switch (rc) {
                case LmdbBinding.SUCCESS -> {
                    return;
                }
                case LmdbBinding.MAP_FULL -> grow();
                case LmdbBinding.MAP_RESIZED -> adopt();
                default -> check("write", rc);
            }
        }
    }

    /** One transaction; it is over, one way or the other, on return. */
    private int attempt(List<Change> changes) {
        try (Arena arena = Arena.ofConfined()) {
            var out = arena.allocate(LONG);
            int rc = lmdb.txnBegin(env, out);
            if (rc != LmdbBinding.SUCCESS) {
                return rc;
            }
            long txn = out.get(LONG, 0);
            for (Change change : changes) {
                rc = apply(arena, txn, change);
                if (rc != LmdbBinding.SUCCESS) {
                    lmdb.txnAbort(txn);
                    databases.clear();
                    return rc;
                }
            }
            rc = lmdb.txnCommit(txn);
            if (rc != LmdbBinding.SUCCESS) {
                databases.clear();
            }
            return rc;
        }
    }

    private int apply(Arena arena, long txn, Change change) {
        Integer dbi = databases.get(change.kind());
        if (dbi == null) {
            var out = arena.allocate(LONG);
            var name = arena.allocateFrom(change.kind().database());
            int rc = lmdb.dbiOpen(txn, name, LmdbBinding.CREATE, out);
            if (rc != LmdbBinding.SUCCESS) {
                return rc;
            }
            dbi = out.get(ValueLayout.JAVA_INT, 0);
            databases.put(change.kind(), dbi);
        }
        var key = value(arena, change.key());
        if (change.value().isPresent()) {
            return lmdb.put(txn, dbi, key, value(arena, change.value().get()));
        }
        int rc = lmdb.del(txn, dbi, key);
        return rc == LmdbBinding.NOT_FOUND ? LmdbBinding.SUCCESS : rc;
    }

    /** An {@code MDB_val}: size, then address. */
    private static MemorySegment value(Arena arena, byte[] bytes) {
        var content = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
        var struct = arena.allocate(VALUE_STRUCT, Long.BYTES);
        struct.set(LONG, 0, bytes.length);
        struct.set(LONG, Long.BYTES, content.address());
        return struct;
    }

    private void grow() {
        if (mapSize >= LAST_MAP) {
            throw StoreException.unavailable("the record file is full at " + mapSize
                    + " bytes; prune the cache", null);
        }
        mapSize *= 2;
        check("grow", lmdb.envSetMapSize(env, mapSize));
    }

    /** Another process has grown the file: take its size. */
    private void adopt() {
        check("grow", lmdb.envSetMapSize(env, 0));
    }

    @Override
    public void close() {
        lmdb.envClose(env);
    }

    private static void check(String what, int rc) {
        if (rc != LmdbBinding.SUCCESS) {
            throw StoreException.unavailable("LMDB cannot " + what + " the record file: "
                    + LmdbErrors.text(rc), null);
        }
    }
}
