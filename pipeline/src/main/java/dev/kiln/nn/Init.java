package dev.kiln.nn;

import dev.kiln.tensor.Generator;
import dev.kiln.tensor.Tensor;

/** First values of parameters, from PyTorch's distributions. */
public final class Init {
    private Init() {
    }

    /** From (-1/sqrt(n), 1/sqrt(n)) with n the inputs of one output: what PyTorch's layers do by default. */
    public static Tensor kaiming_uniform(Generator generator, long... size) {
        return uniform(generator, 1 / Math.sqrt(fanIn(size)), size);
    }

    /** He's distribution for ReLU: normal with a variance of 2/n. */
    public static Tensor kaiming_normal(Generator generator, long... size) {
        return generator.normal(0, Math.sqrt(2.0 / fanIn(size)), size);
    }

    /** Glorot's distribution: uniform with a variance of 2/(inputs + outputs). */
    public static Tensor xavier_uniform(Generator generator, long... size) {
        return uniform(generator, Math.sqrt(6.0 / (fanIn(size) + fanOut(size))), size);
    }

    public static Tensor xavier_normal(Generator generator, long... size) {
        return generator.normal(0, Math.sqrt(2.0 / (fanIn(size) + fanOut(size))), size);
    }

    /** From [-bound, bound). */
    public static Tensor uniform(Generator generator, double bound, long... size) {
        return generator.uniform(-bound, bound, size);
    }

    static long fanIn(long... size) {
        return size.length < 2 ? size[0] : elements(size) / size[0];
    }

    private static long fanOut(long... size) {
        return size.length < 2 ? size[0] : elements(size) / size[1];
    }

    private static long elements(long... size) {
        long count = 1;
        for (long s : size) {
            count *= s;
        }
        return count;
    }
}
