package dev.kiln.stages.fuzz;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;

/**
 * What a random graph may do next. A step that does not fit the values it draws throws, and counts as not
 * taken.
 */
final class Steps {
    private static final List<Consumer<RandomGraph>> STEPS = List.of(
        Steps::unary, Steps::unary, Steps::binary, Steps::binary, Steps::binary, Steps::scalar,
        Steps::select, Steps::integers, Steps::reorder, Steps::reorder, Steps::reshape, Steps::reshape,
        Steps::slice, Steps::slice, Steps::expand, Steps::reduce, Steps::reduce, Steps::reduce,
        Steps::normalize, Steps::normalize, Steps::join, Steps::join, Steps::pad, Steps::gather,
        Steps::extreme, PatternSteps::product, PatternSteps::linear, PatternSteps::linear,
        PatternSteps::attention, PatternSteps::layerNormByHand);

    /** More kinds, drawn in part of the graphs. */
    private static final List<Consumer<RandomGraph>> ORDER_STEPS = List.of(OrderSteps::sort, OrderSteps::scan,
        OrderSteps::scatter, OrderSteps::put, OrderSteps::diagonal, OrderSteps::split, OrderSteps::statistics,
        OrderSteps::repeat);

    private static final List<String> UNARY = List.of("relu", "tanh", "sigmoid", "neg", "abs", "silu",
        "gelu", "sin",
        "clone", "erf");
    private static final List<String> BINARY = List.of("add.Tensor", "sub.Tensor", "mul.Tensor",
        "maximum.default",
        "minimum.default");

    private Steps() {
    }

    static void take(RandomGraph g) {
        g.pick(g.ordered && g.random.nextInt(3) == 0 ? ORDER_STEPS : STEPS).accept(g);
    }

    private static void unary(RandomGraph g) {
        String name = g.pick(UNARY);
        boolean exact = List.of("relu", "neg", "abs", "clone").contains(name);
        g.call(exact, "aten." + name + ".default", g.floats(0));
    }

    private static void binary(RandomGraph g) {
        String name = g.pick(BINARY);
        Arg.Ref a = g.floats(0);
        Arg.Ref b = g.value(t -> t.dtype() == DType.F32 && broadcasts(t, g.tensor(a)));
        boolean exact = name.startsWith("m") && !name.startsWith("mul");
        g.call(exact, "aten." + name, a, b);
    }

    /** Equal sizes, or ones; without asking the shape environment, which would add guards. */
    static boolean broadcasts(FakeTensor a, FakeTensor b) {
        for (int d = 1; d <= Math.min(a.rank(), b.rank()); d++) {
            SymInt x = a.size(a.rank() - d);
            SymInt y = b.size(b.rank() - d);
            if (!x.equals(y) && !x.is(1) && !y.is(1)) {
                return false;
            }
        }
        return true;
    }

    private static void scalar(RandomGraph g) {
        switch (g.random.nextInt(4)) {
            case 0 -> g.call(false, "aten.mul.Scalar", g.floats(0), g.pick(List.of(0.5, -1.25, 2.0)));
            case 1 -> g.call(false, "aten.add.Scalar", g.floats(0), g.pick(List.of(0.5, -1.25, 2.0)));
            case 2 -> g.call(true, "aten.clamp.default", g.floats(0), -0.75, 0.75);
            default -> g.call(false, "aten.pow.Tensor_Scalar", g.floats(0), 2);
        }
    }

    private static void select(RandomGraph g) {
        Arg.Ref a = g.value(t -> t.dtype() == DType.F32);
        if (!g.isExact(a)) {
            throw new IllegalStateException("not exact");
        }
        Arg.Ref condition = g.call(true, "aten." + g.pick(List.of("gt", "le", "ne")) + ".Scalar", a, 0.25);
        Arg.Ref b = g.value(t -> t.dtype() == DType.F32 && broadcasts(t, g.tensor(a)));
        if (g.random.nextBoolean()) {
            g.call(true, "aten.where.self", condition, b, a);
        } else {
            g.call(true, "aten.masked_fill.Scalar", b, condition, -1.5);
        }
    }

    private static void integers(RandomGraph g) {
        Arg.Ref n = g.value(t -> t.dtype() == DType.I64 || t.dtype() == DType.BOOL);
        switch (g.random.nextInt(3)) {
            case 0 -> g.call(true, "aten._to_copy.default", n, DType.F32);
            case 1 -> g.call(true, "aten.add.Scalar", n, 3);
            default -> g.call(true, "aten._to_copy.default", g.value(t -> t.dtype() == DType.BOOL),
                DType.I64);
        }
    }

    private static void reorder(RandomGraph g) {
        Arg.Ref a = g.floats(2);
        int rank = g.tensor(a).rank();
        switch (g.random.nextInt(3)) {
            case 0 -> g.call(true, "aten.transpose.int", a, g.random.nextInt(rank), g.random.nextInt(rank));
            case 1 -> {
                List<Integer> dims = new ArrayList<>();
                for (int d = 0; d < rank; d++) {
                    dims.add(d);
                }
                Collections.shuffle(dims, g.random);
                g.call(true, "aten.permute.default", a, dims);
            }
            default -> g.call(true, "aten.flip.default", a, List.of(g.random.nextInt(rank)));
        }
    }

    private static void reshape(RandomGraph g) {
        Arg.Ref a = g.value(t -> true);
        List<SymInt> sizes = new ArrayList<>(g.tensor(a).sizes());
        int at = sizes.isEmpty() ? 0 : g.random.nextInt(sizes.size());
        switch (g.random.nextInt(4)) {
            case 0 -> {
                SymInt second = sizes.remove(at + 1);
                sizes.set(at, sizes.get(at).times(second));
            }
            case 1 -> {
                long size = sizes.get(at).asLong();
                long factor = size % 2 == 0 ? 2 : size % 3 == 0 ? 3 : size;
                sizes.set(at, SymInt.of(size / factor));
                sizes.add(at + 1, SymInt.of(factor));
            }
            case 2 -> sizes.add(at, SymInt.ONE);
            default -> {
                sizes.clear();
                sizes.add(g.tensor(a).numel());
            }
        }
        g.call(true, "aten." + g.pick(List.of("reshape", "view")) + ".default", a, sizes);
    }

    private static void slice(RandomGraph g) {
        Arg.Ref a = g.floats(1);
        int dim = g.random.nextInt(g.tensor(a).rank());
        SymInt size = g.tensor(a).size(dim);
        switch (g.random.nextInt(3)) {
            case 0 -> g.call(true, "aten.select.int", a, dim, g.random.nextInt((int) size.asLong()));
            case 1 -> g.call(true, "aten.slice.Tensor", a, dim, g.random.nextInt(2), Long.MAX_VALUE,
                1 + g.random.nextInt(2));
            default -> {
                int start = g.random.nextInt((int) size.asLong());
                g.call(true, "aten.slice.Tensor", a, dim, start,
                    g.random.nextInt(start, (int) size.asLong() + 1));
            }
        }
    }

    private static void expand(RandomGraph g) {
        Arg.Ref a = g.floats(0);
        List<SymInt> sizes = new ArrayList<>(g.tensor(a).sizes());
        for (int d = 0; d < sizes.size(); d++) {
            if (sizes.get(d).is(1)) {
                sizes.set(d, g.pick(g.dims));
            }
        }
        if (g.random.nextBoolean()) {
            sizes.addFirst(g.pick(g.dims));
        }
        g.call(true, "aten.expand.default", a, sizes);
    }

    private static void reduce(RandomGraph g) {
        Arg.Ref a = g.floats(1);
        int rank = g.tensor(a).rank();
        List<Integer> dims = new ArrayList<>();
        for (int d = 0; d < rank; d++) {
            if (g.random.nextInt(rank) == 0 || d == rank - 1 && dims.isEmpty()) {
                dims.add(d);
            }
        }
        boolean keep = g.random.nextBoolean();
        switch (g.random.nextInt(5)) {
            case 0 -> g.call(true, "aten.amax.default", a, dims, keep);
            case 1 -> g.call(true, "aten.amin.default", a, dims, keep);
            case 2 -> g.call(false, "aten.sum.dim_IntList", a, dims, keep);
            case 3 -> g.call(true, "aten.any.dims",
                g.value(t -> t.dtype() == DType.BOOL && t.rank() == rank), dims, keep);
            default -> g.call(false, "aten.mean.dim", a, dims, keep);
        }
    }

    private static void extreme(RandomGraph g) {
        Arg.Ref a = g.floats(1);
        if (!g.isExact(a)) {
            throw new IllegalStateException("not exact");
        }
        g.call(true, "aten." + g.pick(List.of("argmax", "argmin")) + ".default", a,
            g.random.nextInt(g.tensor(a).rank()), g.random.nextBoolean());
    }

    private static void normalize(RandomGraph g) {
        Arg.Ref a = g.floats(1);
        FakeTensor t = g.tensor(a);
        int last = t.rank() - 1;
        switch (g.random.nextInt(3)) {
            case 0 -> g.call(false, "aten._softmax.default", a, g.random.nextInt(t.rank()), false);
            case 1 -> g.call(false, "aten._log_softmax.default", a, last, false);
            default -> {
                long size = t.size(last).asLong();
                g.call(false, "aten.native_layer_norm.default", a, List.of(size), g.constant(DType.F32, size),
                    g.constant(DType.F32, size), 0.1);
            }
        }
    }

    private static void join(RandomGraph g) {
        Arg.Ref a = g.floats(1);
        int dim = g.random.nextInt(g.tensor(a).rank());
        Arg.Ref b = g.value(t -> t.dtype() == DType.F32 && joins(t, g.tensor(a), dim));
        g.call(true, "aten.cat.default", g.random.nextInt(3) == 0 ? List.of(a, b, a) : List.of(b, a), dim);
    }

    private static boolean joins(FakeTensor a, FakeTensor b, int dim) {
        if (a.rank() != b.rank()) {
            return false;
        }
        for (int d = 0; d < a.rank(); d++) {
            if (d != dim && !a.size(d).equals(b.size(d))) {
                return false;
            }
        }
        return true;
    }

    private static void pad(RandomGraph g) {
        Arg.Ref a = g.floats(1);
        SymInt last = g.tensor(a).sizes().getLast();
        int least = last.isConstant() && last.asLong() > 1 ? -1 : 0;
        g.call(true, "aten.constant_pad_nd.default", a,
            List.of(g.random.nextInt(least, 3), g.random.nextInt(least, 3)),
            g.pick(List.of(0.0, 1.5)));
    }

    private static void gather(RandomGraph g) {
        Arg.Ref a = g.floats(1);
        int dim = g.random.nextInt(g.tensor(a).rank());
        long size = g.tensor(a).size(dim).asLong();
        long[] at = g.random.longs(1 + g.random.nextInt(4), 0, size).toArray();
        Arg.Ref index = g.builder.constant("i", ConstantValue.longs(List.of((long) at.length), at));
        g.call(true, "aten.index_select.default", a, dim, index);
    }
}
