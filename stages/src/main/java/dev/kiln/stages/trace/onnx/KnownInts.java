package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BinaryOperator;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/** A small integral or boolean tensor whose elements (row-major) are known: the stuff of shape arithmetic. */
record KnownInts(DType dtype, List<Long> sizes, List<SymInt> values) {
    /** More elements than this are data, not a shape. */
    static final int LIMIT = 64;

    KnownInts {
        sizes = List.copyOf(sizes);
        values = List.copyOf(values);
        if (count(sizes) != values.size()) {
            throw new IllegalArgumentException(values.size() + " values for sizes " + sizes);
        }
    }

    static KnownInts vector(List<SymInt> values) {
        return new KnownInts(DType.I64, List.of((long) values.size()), values);
    }

    static KnownInts scalar(DType dtype, SymInt value) {
        return new KnownInts(dtype, List.of(), List.of(value));
    }

    static KnownInts of(ConstantValue constant) {
        List<SymInt> values = new ArrayList<>();
        for (long i = 0; i < constant.numel(); i++) {
            values.add(SymInt.of(constant.longAt(i)));
        }
        return new KnownInts(constant.dtype(), constant.sizes(), values);
    }

    static long count(List<Long> sizes) {
        return sizes.stream().reduce(1L, Math::multiplyExact);
    }

    int rank() {
        return sizes.size();
    }

    boolean isConstant() {
        return values.stream().allMatch(SymInt::isConstant);
    }

    /** The data of a tensor without symbols. */
    ConstantValue constant() {
        ConstantValue constant = ConstantValue.allocate(dtype, sizes);
        for (int i = 0; i < values.size(); i++) {
            constant.set(i, values.get(i).asLong());
        }
        return constant;
    }

    KnownInts map(DType to, UnaryOperator<SymInt> function) {
        return new KnownInts(to, sizes, values.stream().map(function).toList());
    }

    KnownInts zip(KnownInts other, DType to, BinaryOperator<SymInt> function) {
        List<Long> common = broadcast(sizes, other.sizes);
        List<SymInt> left = broadcastTo(common).values;
        List<SymInt> right = other.broadcastTo(common).values;
        List<SymInt> result = new ArrayList<>();
        for (int i = 0; i < left.size(); i++) {
            result.add(function.apply(left.get(i), right.get(i)));
        }
        return new KnownInts(to, common, result);
    }

    static List<Long> broadcast(List<Long> a, List<Long> b) {
        List<Long> result = new ArrayList<>();
        int rank = Math.max(a.size(), b.size());
        for (int d = 0; d < rank; d++) {
            long x = d < rank - a.size() ? 1 : a.get(d - rank + a.size());
            long y = d < rank - b.size() ? 1 : b.get(d - rank + b.size());
            if (x != y && x != 1 && y != 1) {
                throw new IllegalArgumentException("sizes " + a + " and " + b + " do not broadcast");
            }
            result.add(x == 1 ? y : x);
        }
        return result;
    }

    KnownInts broadcastTo(List<Long> target) {
        int lead = target.size() - rank();
        return pick(target, at -> {
            long[] own = new long[rank()];
            for (int d = 0; d < own.length; d++) {
                own[d] = sizes.get(d) == 1 ? 0 : at[d + lead];
            }
            return own;
        });
    }

    KnownInts reshape(List<Long> target) {
        return new KnownInts(dtype, target, values);
    }

    /** A tensor whose element at an index is this one's element at the index that the function gives. */
    KnownInts pick(List<Long> target, Function<long[], long[]> source) {
        List<SymInt> result = new ArrayList<>();
        long[] at = new long[target.size()];
        for (long i = count(target); i > 0; i--) {
            result.add(values.get(offset(source.apply(at))));
            for (int d = at.length - 1; d >= 0 && ++at[d] == target.get(d); d--) {
                at[d] = 0;
            }
        }
        return new KnownInts(dtype, target, result);
    }

    private int offset(long[] index) {
        long offset = 0;
        for (int d = 0; d < index.length; d++) {
            offset = offset * sizes.get(d) + index[d];
        }
        return Math.toIntExact(offset);
    }
}
