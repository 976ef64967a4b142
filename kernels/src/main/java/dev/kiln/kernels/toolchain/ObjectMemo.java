package dev.kiln.kernels.toolchain;

import dev.kiln.kernels.cpu.CpuTarget;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;

/**
 * Objects compiled lately in this process, and those being compiled. Autotuning compiles kernels that the graph is built
 * of afterwards, and some units are begun before it is known who needs them; the same unit for the same target gives
 * the same bytes.
 */
final class ObjectMemo {
    private static final int ENTRIES = 128;

    private record Key(CompileUnit unit, String target) {
    }

    private final Map<Key, CompletableFuture<byte[]>> objects = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, CompletableFuture<byte[]>> eldest) {
            return size() > ENTRIES;
        }
    };

    /** The object, compiled here unless it is known or on its way. */
    byte[] get(CompileUnit unit, CpuTarget target, Supplier<byte[]> compile) {
        Key key = new Key(unit, target.fingerprint());
        CompletableFuture<byte[]> mine = new CompletableFuture<>();
        CompletableFuture<byte[]> known;
        synchronized (this) {
            known = objects.putIfAbsent(key, mine);
        }
        return known == null ? compiled(key, mine, compile) : awaited(known, unit, compile);
    }

    /** Takes an object, unless one is known or on its way. */
    synchronized void know(CompileUnit unit, CpuTarget target, byte[] object) {
        objects.putIfAbsent(new Key(unit, target.fingerprint()), CompletableFuture.completedFuture(object));
    }

    /** The object, if it is compiled. */
    Optional<byte[]> known(CompileUnit unit, CpuTarget target) {
        CompletableFuture<byte[]> known;
        synchronized (this) {
            known = objects.get(new Key(unit, target.fingerprint()));
        }
        return known == null || !known.isDone() || known.isCompletedExceptionally() ? Optional.empty()
                : Optional.of(known.join());
    }

    private byte[] compiled(Key key, CompletableFuture<byte[]> mine, Supplier<byte[]> compile) {
        try {
            byte[] object = compile.get();
            mine.complete(object);
            return object;
        } catch (RuntimeException | Error e) {
            synchronized (this) {
                objects.remove(key, mine);
            }
            mine.completeExceptionally(e);
            throw e;
        }
    }

    /** If who compiles it fails, by its own deadline say, this caller tries for itself. */
    private static byte[] awaited(CompletableFuture<byte[]> known, CompileUnit unit, Supplier<byte[]> compile) {
        try {
            return known.get();
        } catch (ExecutionException e) {
            return compile.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ToolchainException.Cancelled("compiling " + unit.name());
        }
    }
}
