package dev.kiln.tensor;

import dev.kiln.kernels.runtime.Tensor;
import java.util.SplittableRandom;

/** Random values by a seed, the same on every machine. */
final class Randoms {
    private Randoms() {
    }

    static Tensor normal(long seed, long... size) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[count(size)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return Tensor.ofFloats(values, size);
    }

    static Tensor uniform(long seed, double low, double high, long... size) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[count(size)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (low + (high - low) * random.nextFloat());
        }
        return Tensor.ofFloats(values, size);
    }

    static Tensor integers(long seed, long low, long high, long... size) {
        SplittableRandom random = new SplittableRandom(seed);
        return Tensor.ofLongs(random.longs(count(size), low, high).toArray(), size);
    }

    private static int count(long[] size) {
        long count = 1;
        for (long s : size) {
            count = Math.multiplyExact(count, s);
        }
        return Math.toIntExact(count);
    }
}
