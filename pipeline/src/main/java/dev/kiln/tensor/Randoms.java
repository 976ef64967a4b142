package dev.kiln.tensor;

import dev.kiln.kernels.runtime.Tensor;
import java.util.SplittableRandom;

/** Random values by a seed, the same on every machine. */
final class Randoms {
    private Randoms() {
    }

    static Tensor normal(SplittableRandom random, double mean, double std, long... size) {
        float[] values = new float[count(size)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (mean + std * random.nextGaussian());
        }
        return Tensor.ofFloats(values, size);
    }

    static Tensor uniform(SplittableRandom random, double low, double high, long... size) {
        float[] values = new float[count(size)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (low + (high - low) * random.nextFloat());
        }
        return Tensor.ofFloats(values, size);
    }

    static Tensor integers(SplittableRandom random, long low, long high, long... size) {
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
