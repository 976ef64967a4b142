package dev.kiln.pipeline.function;

import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;

/**
 * The state of a counter-based generator: a seed, and how many counters have been taken. Each call of a function that draws
 * numbers takes its share. Safe for several threads.
 */
public final class RandomState {
    /** For questions about sizes. */
    static final RandomState NONE = new RandomState(0);

    private long seed;
    private long offset;

    public RandomState(long seed) {
        this.seed = seed;
    }

    /** Begins anew: the same seed and the same calls give the same numbers. */
    public synchronized void seed(long newSeed) {
        seed = newSeed;
        offset = 0;
    }

    /** Seed and offset: i64[2]. */
    public synchronized Tensor state() {
        return Tensor.ofLongs(new long[] {seed, offset}, 2);
    }

    /** @throws KilnException.BadInput unless it is what {@link #state} gives */
    public synchronized void restore(Tensor state) {
        if (state.dtype() != DType.I64 || state.rank() != 1 || state.size(0) != 2 || state.toLongArray()[1] < 0) {
            throw new KilnException.BadInput("a random state is i64[2], a seed and an offset of at least 0, not " + state);
        }
        seed = state.toLongArray()[0];
        offset = state.toLongArray()[1];
    }

    /** Seed and offset for a call that takes so many counters: i64[2]. */
    synchronized Tensor take(long counters) {
        Tensor state = state();
        offset += counters;
        return state;
    }
}
