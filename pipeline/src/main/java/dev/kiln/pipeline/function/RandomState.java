package dev.kiln.pipeline.function;

import dev.kiln.kernels.runtime.Tensor;

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

    /** Seed and offset for a call that takes so many counters: i64[2]. */
    synchronized Tensor take(long counters) {
        Tensor state = Tensor.ofLongs(new long[] {seed, offset}, 2);
        offset += counters;
        return state;
    }
}
