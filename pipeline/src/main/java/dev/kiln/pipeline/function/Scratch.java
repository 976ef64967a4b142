package dev.kiln.pipeline.function;

import dev.kiln.kernels.runtime.BlockPool;
import java.lang.foreign.MemorySegment;
import java.util.function.LongSupplier;

/** Memory for what is inside a graph while it runs, which goes on to whoever comes next. Safe for several threads. */
final class Scratch {
    private final BlockPool pool;
    private long most;

    Scratch(BlockPool pool) {
        this.pool = pool;
    }

    /** Bytes that a call took at most so far. */
    synchronized long bytes() {
        return most;
    }

    private synchronized void note(long bytes) {
        most = Math.max(most, bytes);
    }

    /** The memory of one call, if that asks for any. */
    final class Call implements AutoCloseable {
        private BlockPool.Block block;

        MemorySegment take(LongSupplier wanted) {
            long bytes = wanted.getAsLong();
            if (bytes == 0) {
                return MemorySegment.NULL;
            }
            note(bytes);
            block = pool.take(bytes);
            return block.memory();
        }

        @Override
        public void close() {
            if (block != null) {
                block.give();
            }
        }
    }
}
