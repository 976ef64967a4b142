package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.scalar.Philox;
import dev.kiln.ops.shape.SymInt;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Distributions made of random words. A counter gives four words, and each of them is used: the first part of a tensor
 * is made of first words, the next of second words, so that a loop over counters fills all parts.
 */
record RandomNumbers(Emit e, RandomStream stream) {

    /** @param results what four words give: one tensor or several, of one element each */
    private Arg.Ref draw(List<SymInt> sizes, int parts, Function<List<Arg.Ref>, List<Arg.Ref>> results) {
        SymInt count = SymInt.product(sizes);
        SymInt counters = count.plus(parts - 1).floorDiv(SymInt.of(parts));
        SymInt first = stream.take(counters);
        Arg.Ref place = e.call("arange.start_step", 0, counters, 1, DType.I64);
        Arg.Ref all = e.cat(results.apply(IntStream.range(0, Philox.WORDS)
            .mapToObj(w -> stream.word(e.g(), place, first, w)).toList()), 0);
        boolean whole = counters.times(parts).equals(count);
        return e.view(whole ? all : e.slice(all, 0, SymInt.ZERO, count), sizes);
    }

    private Arg.Ref each(List<SymInt> sizes, Function<Arg.Ref, Arg.Ref> result) {
        return draw(sizes, 4, words -> words.stream().map(result).toList());
    }

    private Arg.Ref pairs(List<SymInt> sizes, Function<List<Arg.Ref>, Arg.Ref> result) {
        return draw(sizes, 2, w -> List.of(result.apply(w.subList(0, 2)), result.apply(w.subList(2, 4))));
    }

    /** The upper bits of a word as a number. */
    private Arg.Ref upper(Arg.Ref word, int bits) {
        return e.cast(e.call("bitwise_right_shift.Tensor_Scalar", word, 32 - bits), DType.I32);
    }

    private Arg.Ref unit(Arg.Ref word, int bits) {
        return e.mul(e.cast(upper(word, bits), DType.F32), Math.scalb(1.0, -bits));
    }

    /** 53 bits of two words. */
    private Arg.Ref wideUnit(List<Arg.Ref> words) {
        Arg.Ref high = e.mul(e.cast(upper(words.get(0), 27), DType.F64), Math.scalb(1.0, 26));
        return e.mul(e.add(high, e.cast(upper(words.get(1), 26), DType.F64)), Math.scalb(1.0, -53));
    }

    /** In [0, 1), with as many bits as the dtype holds exactly. */
    Arg.Ref uniform(List<SymInt> sizes, DType dtype) {
        if (dtype == DType.F64) {
            return pairs(sizes, this::wideUnit);
        }
        int bits = dtype == DType.F16 ? 11 : dtype == DType.BF16 ? 8 : 24;
        return e.cast(each(sizes, w -> unit(w, bits)), dtype);
    }

    /** True with probability {@code p}, to 32 bits. */
    Arg.Ref coins(List<SymInt> sizes, double p) {
        long limit = Math.round(Math.scalb(p, 32));
        return each(sizes, w -> e.call("lt.Scalar", w, limit));
    }

    /** By Box and Muller: two of two numbers. */
    Arg.Ref normal(List<SymInt> sizes, DType dtype) {
        if (dtype == DType.F64) {
            return draw(sizes, 2, w -> polar(wideUnit(w.subList(0, 2)), wideUnit(w.subList(2, 4))));
        }
        return e.cast(draw(sizes, 4, w -> {
            List<Arg.Ref> first = polar(unit(w.get(0), 24), unit(w.get(1), 24));
            List<Arg.Ref> second = polar(unit(w.get(2), 24), unit(w.get(3), 24));
            return List.of(first.get(0), second.get(0), first.get(1), second.get(1));
        }), dtype);
    }

    private List<Arg.Ref> polar(Arg.Ref distance, Arg.Ref turn) {
        Arg.Ref radius = e.unary("sqrt", e.mul(e.unary("log", e.call("rsub.Scalar", distance, 1.0)), -2.0));
        Arg.Ref angle = e.mul(turn, 2 * Math.PI);
        return List.of(e.mul(radius, e.unary("cos", angle)), e.mul(radius, e.unary("sin", angle)));
    }

    /** 63 random bits. */
    Arg.Ref longs(List<SymInt> sizes) {
        return pairs(sizes, w -> e.call("bitwise_or.Tensor",
            e.call("bitwise_left_shift.Tensor_Scalar", e.call("bitwise_right_shift.Tensor_Scalar", w.get(0), 1), 32),
            w.get(1)));
    }

    /** From low to high, high not included. */
    Arg.Ref integers(SymInt low, SymInt high, List<SymInt> sizes, DType dtype) {
        Arg.Ref number = e.call("remainder.Scalar", longs(sizes), high.minus(low));
        return e.cast(e.call("add.Scalar", number, low), dtype);
    }
}
