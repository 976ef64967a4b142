package dev.kiln.cache.store;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/**
 * The dozen LMDB functions that writing needs, by the foreign function interface. All go through one call
 * shape of five 64-bit integers, since each shape costs a cold JVM 10 ms to link; on the calling conventions
 * of x86-64 and AArch64 a function ignores argument registers it does not declare. Used by the writer thread
 * only.
 */
final class LmdbBinding {
    static final int SUCCESS = 0;
    static final int NOT_FOUND = -30798;
    static final int MAP_FULL = -30792;
    static final int MAP_RESIZED = -30785;
    static final int NO_TLS = 0x200000;
    static final int CREATE = 0x40000;

    private static final FunctionDescriptor SHAPE = FunctionDescriptor.of(ValueLayout.JAVA_INT,
            ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG);

    private final MethodHandle envCreate;
    private final MethodHandle envOpen;
    private final MethodHandle envClose;
    private final MethodHandle envSetMapSize;
    private final MethodHandle envSetMaxDbs;
    private final MethodHandle readerCheck;
    private final MethodHandle txnBegin;
    private final MethodHandle txnCommit;
    private final MethodHandle txnAbort;
    private final MethodHandle dbiOpen;
    private final MethodHandle put;
    private final MethodHandle del;

    LmdbBinding(Path library) {
        var linker = Linker.nativeLinker();
        var symbols = SymbolLookup.libraryLookup(library, Arena.global());
        envCreate = bind(linker, symbols, "mdb_env_create");
        envOpen = bind(linker, symbols, "mdb_env_open");
        envClose = bind(linker, symbols, "mdb_env_close");
        envSetMapSize = bind(linker, symbols, "mdb_env_set_mapsize");
        envSetMaxDbs = bind(linker, symbols, "mdb_env_set_maxdbs");
        readerCheck = bind(linker, symbols, "mdb_reader_check");
        txnBegin = bind(linker, symbols, "mdb_txn_begin");
        txnCommit = bind(linker, symbols, "mdb_txn_commit");
        txnAbort = bind(linker, symbols, "mdb_txn_abort");
        dbiOpen = bind(linker, symbols, "mdb_dbi_open");
        put = bind(linker, symbols, "mdb_put");
        del = bind(linker, symbols, "mdb_del");
    }

    private static MethodHandle bind(Linker linker, SymbolLookup symbols, String name) {
        return linker.downcallHandle(symbols.findOrThrow(name), SHAPE);
    }

    int envCreate(MemorySegment env) {
        return call(envCreate, env.address(), 0, 0, 0, 0);
    }

    int envOpen(long env, MemorySegment path, int flags, int mode) {
        return call(envOpen, env, path.address(), flags, mode, 0);
    }

    void envClose(long env) {
        call(envClose, env, 0, 0, 0, 0);
    }

    int envSetMapSize(long env, long bytes) {
        return call(envSetMapSize, env, bytes, 0, 0, 0);
    }

    int envSetMaxDbs(long env, int count) {
        return call(envSetMaxDbs, env, count, 0, 0, 0);
    }

    int readerCheck(long env, MemorySegment dead) {
        return call(readerCheck, env, dead.address(), 0, 0, 0);
    }

    int txnBegin(long env, MemorySegment txn) {
        return call(txnBegin, env, 0, 0, txn.address(), 0);
    }

    int txnCommit(long txn) {
        return call(txnCommit, txn, 0, 0, 0, 0);
    }

    void txnAbort(long txn) {
        call(txnAbort, txn, 0, 0, 0, 0);
    }

    int dbiOpen(long txn, MemorySegment name, int flags, MemorySegment dbi) {
        return call(dbiOpen, txn, name.address(), flags, dbi.address(), 0);
    }

    int put(long txn, int dbi, MemorySegment key, MemorySegment value) {
        return call(put, txn, dbi, key.address(), value.address(), 0);
    }

    int del(long txn, int dbi, MemorySegment key) {
        return call(del, txn, dbi, key.address(), 0, 0);
    }

    private static int call(MethodHandle function, long a, long b, long c, long d, long e) {
        try {
            return (int) function.invokeExact(a, b, c, d, e);
        } catch (Throwable t) {
            throw new IllegalStateException("a call of LMDB failed to start", t);
        }
    }
}
