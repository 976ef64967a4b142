package dev.kiln.kernels.runtime;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * A shared object loaded into this process. Whoever calls into it does so between {@link #enter()} and
 * {@link #exit()}: unloading code that runs would end the process, so {@link #close()} first refuses new
 * callers and then waits for those inside. Thread-safe.
 */
public final class NativeLibrary implements AutoCloseable {
    private static final long CLOSED = 1L << 62;

    private final Path path;
    private final Arena arena = Arena.ofShared();
    private final SymbolLookup symbols;
    private final AtomicLong users = new AtomicLong();

    private NativeLibrary(Path path) {
        this.path = path;
        if (!isElf(path)) {
            throw unfit(path, null);
        }
        try {
            this.symbols = SymbolLookup.libraryLookup(path, arena);
        } catch (IllegalArgumentException e) {
            arena.close();
            throw unfit(path, e);
        }
    }

    /** The JVM prints warnings of its own about files that are no libraries, so they are refused before. */
    private static boolean isElf(Path path) {
        try (InputStream in = Files.newInputStream(path)) {
            return Arrays.equals(in.readNBytes(4), new byte[] {0x7f, 'E', 'L', 'F'});
        } catch (IOException e) {
            return false;
        }
    }

    private static NativeCallException unfit(Path path, Throwable cause) {
        return new NativeCallException("cannot load " + path + ": "
                + (Files.isReadable(path) ? "it is no library for this machine" : "no such file"), cause);
    }

    /**
     * Loads a shared object.
     *
     * @throws NativeCallException when it is missing, unfit for this machine or needs what is not there
     */
    public static NativeLibrary open(Path path) {
        return new NativeLibrary(path.toAbsolutePath());
    }

    public Path path() {
        return path;
    }

    /** Address of an exported symbol; valid until {@link #close()}. */
    public Optional<MemorySegment> find(String symbol) {
        return symbols.find(symbol);
    }

    /**
     * Address of an exported symbol that must be there.
     *
     * @throws NativeCallException when the library does not export it
     */
    public MemorySegment symbol(String symbol) {
        return find(symbol).orElseThrow(
                () -> new NativeCallException(path + " does not export " + symbol
                        + ": delete it and compile again",
                        null));
    }

    long address(String symbol) {
        return symbol(symbol).address();
    }

    /**
     * Starts a use of the library's code.
     *
     * @throws IllegalStateException when the library is closed
     */
    public void enter() {
        if (users.getAndIncrement() >= CLOSED) {
            users.getAndDecrement();
            throw new IllegalStateException(path.getFileName() + " is closed");
        }
    }

    /** Ends a use that {@link #enter()} started. */
    public void exit() {
        users.getAndDecrement();
    }

    public boolean isClosed() {
        return users.get() >= CLOSED;
    }

    /** Unloads the library once nobody uses it; a second call does nothing. */
    @Override
    public void close() {
        close(() -> { });
    }

    /**
     * As {@link #close()}; {@code last} runs when nobody else is inside any more, before the code goes away.
     */
    void close(Runnable last) {
        if (users.getAndUpdate(n -> n >= CLOSED ? n : n + CLOSED) >= CLOSED) {
            return;
        }
        while (users.get() != CLOSED) {
            LockSupport.parkNanos(50_000);
        }
        last.run();
        arena.close();
    }
}
