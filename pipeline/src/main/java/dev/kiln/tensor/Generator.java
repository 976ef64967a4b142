package dev.kiln.tensor;

import java.util.SplittableRandom;

/** A source of random values: the same seed gives the same values, in the order in which they are asked for. */
public final class Generator {
    private final SplittableRandom random;

    public Generator(long seed) {
        random = new SplittableRandom(seed);
    }

    /** f32 from a normal distribution. */
    public Tensor normal(double mean, double std, long... size) {
        return Torch.given(Randoms.normal(random, mean, std, size));
    }

    /** f32 from [low, high). */
    public Tensor uniform(double low, double high, long... size) {
        return Torch.given(Randoms.uniform(random, low, high, size));
    }

    /** i64 from low (inclusive) to high (exclusive). */
    public Tensor integers(long low, long high, long... size) {
        return Torch.given(Randoms.integers(random, low, high, size));
    }
}
