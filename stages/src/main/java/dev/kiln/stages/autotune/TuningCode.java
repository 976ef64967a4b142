package dev.kiln.stages.autotune;

import dev.kiln.kernels.extern.LibraryKernel;
import dev.kiln.kernels.extern.LibraryKernels;
import dev.kiln.kernels.runtime.GraphLibrary;
import dev.kiln.kernels.runtime.KilnRuntime;
import dev.kiln.kernels.runtime.NativeGraph;
import dev.kiln.stages.autotune.TrialRunner.Span;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The candidates' library, loaded, and the memory that they run on, mapped. What is not written is mapped read-only. */
final class TuningCode implements AutoCloseable {
    /** In place of a candidate's number: flushes the first argument from the caches. */
    static final int FLUSH = -1;
    private static final MemorySegment[] NOTHING = {};

    private final Set<String> missing = new HashSet<>();
    private final KilnRuntime runtime;
    private final NativeGraph code;
    private Arena arena = Arena.ofShared();
    private MemorySegment[] spans = {};

    TuningCode(TrialRunner.Code from) {
        runtime = KilnRuntime.open(from.runtime(), from.isa(), from.threads());
        try {
            List<MemorySegment> externs = from.externs().stream().map(name -> address(name, missing)).toList();
            code = GraphLibrary.open(runtime, from.object(), from.isa()).bind(List.of(), externs);
        } catch (RuntimeException | Error e) {
            runtime.close();
            throw e;
        }
    }

    private static MemorySegment address(String name, Set<String> missing) {
        Optional<LibraryKernel> kernel = LibraryKernels.find(name);
        if (kernel.isEmpty()) {
            missing.add(name);
        }
        return kernel.map(LibraryKernel::address).orElse(MemorySegment.NULL);
    }

    /** Library functions that are not there; candidates that call them must not run. */
    Set<String> missing() {
        return Set.copyOf(missing);
    }

    void memory(Path file, List<Span> wanted) {
        arena.close();
        arena = Arena.ofShared();
        spans = new MemorySegment[wanted.size()];
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            for (int i = 0; i < spans.length; i++) {
                Span span = wanted.get(i);
                spans[i] = channel.map(span.written() ? MapMode.READ_WRITE : MapMode.READ_ONLY, span.offset(),
                    span.bytes(), arena);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot map the autotune memory: " + e.getMessage(), e);
        }
    }

    /** As {@link TrialRunner#run}; an error code of the kernel is an exception. */
    long[] run(int candidate, long[] symbols, int[] arguments, int flushed, int runs) {
        long[] call = new long[symbols.length + 2];
        call[0] = candidate;
        System.arraycopy(symbols, 0, call, 1, symbols.length);
        MemorySegment[] inputs = new MemorySegment[arguments.length];
        for (int i = 0; i < inputs.length; i++) {
            inputs[i] = spans[arguments[i]];
        }
        long[] nanos = new long[runs];
        for (int i = 0; i < runs; i++) {
            if (flushed != TrialRunner.NO_FLUSH) {
                flush(spans[flushed], call.length);
            }
            long start = System.nanoTime();
            code.call(call, inputs, NOTHING);
            nanos[i] = System.nanoTime() - start;
        }
        return nanos;
    }

    private void flush(MemorySegment memory, int words) {
        long[] call = new long[words];
        call[0] = FLUSH;
        call[1] = memory.byteSize();
        code.call(call, new MemorySegment[] {memory}, NOTHING);
    }

    @Override
    public void close() {
        code.close();
        runtime.close();
        arena.close();
    }
}
