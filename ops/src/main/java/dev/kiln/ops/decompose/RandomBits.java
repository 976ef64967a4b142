package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import java.util.List;

/**
 * Random words of a key as ops on 64-bit integers, and distributions made of them. The hash is the finalizer of
 * SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
 */
record RandomBits(Emit e, long key) {
    private static final long STEP = 0x9e3779b97f4a7c15L;
    private static final long FIRST = 0xbf58476d1ce4e5b9L;
    private static final long SECOND = 0x94d049bb133111ebL;

    /** 64 random bits an element; streams of one key are independent. */
    Arg.Ref words(List<SymInt> sizes, int stream) {
        Arg.Ref place = e.call("arange.start_step", 0, SymInt.product(sizes), 1, DType.I64);
        Arg.Ref x = e.call("add.Scalar", e.mul(place, STEP), mixed(mixed(key + STEP) + stream));
        x = e.mul(folded(x, 30), FIRST);
        x = e.mul(folded(x, 27), SECOND);
        return e.view(folded(x, 31), sizes);
    }

    private static long mixed(long x) {
        long y = (x ^ x >>> 30) * FIRST;
        y = (y ^ y >>> 27) * SECOND;
        return y ^ y >>> 31;
    }

    private Arg.Ref folded(Arg.Ref x, int by) {
        return e.call("bitwise_xor.Tensor", x, upper(x, 64 - by));
    }

    /** The upper bits as a number. */
    private Arg.Ref upper(Arg.Ref x, int bits) {
        return e.call("bitwise_and.Scalar", e.call("bitwise_right_shift.Tensor_Scalar", x, 64 - bits), (1L << bits) - 1);
    }

    /** In [0, 1), with as many bits as the dtype holds exactly. */
    Arg.Ref uniform(List<SymInt> sizes, DType dtype) {
        int bits = switch (dtype) {
            case F64 -> 53;
            case F16 -> 11;
            case BF16 -> 8;
            default -> 24;
        };
        return e.cast(unit(sizes, 0, bits, dtype == DType.F64 ? DType.F64 : DType.F32), dtype);
    }

    private Arg.Ref unit(List<SymInt> sizes, int stream, int bits, DType dtype) {
        return e.mul(e.cast(upper(words(sizes, stream), bits), dtype), Math.scalb(1.0, -bits));
    }

    /** By Box and Muller. */
    Arg.Ref normal(List<SymInt> sizes, DType dtype) {
        DType wide = dtype == DType.F64 ? DType.F64 : DType.F32;
        int bits = wide == DType.F64 ? 53 : 24;
        Arg.Ref positive = e.call("rsub.Scalar", unit(sizes, 0, bits, wide), 1.0);
        Arg.Ref radius = e.unary("sqrt", e.mul(e.unary("log", positive), -2.0));
        Arg.Ref angle = e.mul(unit(sizes, 1, bits, wide), 2 * Math.PI);
        return e.cast(e.mul(radius, e.unary("cos", angle)), dtype);
    }

    /** From low to high, high not included. */
    Arg.Ref integers(SymInt low, SymInt high, List<SymInt> sizes, DType dtype) {
        Arg.Ref number = e.call("remainder.Scalar", upper(words(sizes, 0), 63), high.minus(low));
        return e.cast(e.call("add.Scalar", number, low), dtype);
    }
}
