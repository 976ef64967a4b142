package dev.kiln.stages.fuzz;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.FakeTensor;
import java.util.List;
import java.util.stream.LongStream;

/** Steps whose order or place matters: sorting, running sums, writes by index, diagonals, statistics, splits. */
final class OrderSteps {
    private OrderSteps() {
    }

    /** Only exact values are sorted, and ties give equal values. */
    static void sort(RandomGraph g) {
        Arg.Ref a = g.floats(1);
        exact(g, a);
        int dim = g.random.nextInt(g.tensor(a).rank());
        switch (g.random.nextInt(3)) {
            case 0 -> g.call(true, "aten.sort.stable", a, true, dim, g.random.nextBoolean());
            case 1 -> {
                long size = g.tensor(a).size(dim).asLong();
                g.call(true, "aten.topk.default", a, 1 + g.random.nextLong(size), dim, g.random.nextBoolean());
            }
            default -> {
                Arg.Ref first = g.call(true, "aten.sort.stable", a, true, dim, g.random.nextBoolean());
                g.add(new Arg.Ref(first.node(), 1), true);
            }
        }
    }

    private static void exact(RandomGraph g, Arg.Ref a) {
        if (!g.isExact(a)) {
            throw new IllegalStateException("not exact");
        }
    }

    static void scan(RandomGraph g) {
        Arg.Ref a = g.floats(1);
        int dim = g.random.nextInt(g.tensor(a).rank());
        switch (g.random.nextInt(4)) {
            case 0 -> g.call(false, "aten.cumsum.default", a, dim);
            case 1 -> g.call(false, "aten.logcumsumexp.default", a, dim);
            case 2 -> {
                exact(g, a);
                g.call(true, g.random.nextBoolean() ? "aten.cummax.default" : "aten.cummin.default", a, dim);
            }
            default -> g.call(false, "aten.cumprod.default", g.call(false, "aten.clamp.default", a, -1.0, 1.0), dim);
        }
    }

    static void scatter(RandomGraph g) {
        Arg.Ref a = g.floats(1);
        FakeTensor t = g.tensor(a);
        int dim = g.random.nextInt(t.rank());
        long size = t.size(dim).asLong();
        long[] sizes = t.sizes().stream().mapToLong(s -> s.asLong()).toArray();
        sizes[dim] = 1 + g.random.nextInt(5);
        Arg.Ref index = indices(g, size, sizes);
        Arg.Ref source = g.constant(DType.F32, sizes);
        switch (g.random.nextInt(4)) {
            case 0 -> g.call(true, "aten.scatter.src", a, dim, index, source);
            case 1 -> g.call(false, "aten.scatter_add.default", a, dim, index, source);
            case 2 -> g.call(true, "aten.scatter_reduce.two", a, dim, index, source, "amax", g.random.nextBoolean());
            default -> g.call(true, "aten.gather.default", a, dim, index);
        }
    }

    private static Arg.Ref indices(RandomGraph g, long size, long... sizes) {
        long count = LongStream.of(sizes).reduce(1, (x, y) -> x * y);
        ConstantValue value = ConstantValue.longs(LongStream.of(sizes).boxed().toList(),
            g.random.longs(count, 0, size).toArray());
        return g.builder.constant("i", value);
    }

    static void put(RandomGraph g) {
        Arg.Ref a = g.floats(1);
        long size = g.tensor(a).size(0).asLong();
        Arg.Ref index = indices(g, size, 1 + g.random.nextInt(4));
        if (g.random.nextBoolean()) {
            g.call(true, "aten.index.Tensor", a, List.of(index));
        } else {
            Arg.Ref value = g.value(t -> t.dtype() == DType.F32 && t.rank() == 0);
            boolean adds = g.random.nextBoolean();
            g.call(!adds, "aten.index_put.default", a, List.of(index), value, adds);
        }
    }

    static void diagonal(RandomGraph g) {
        Arg.Ref a = g.floats(2);
        int rank = g.tensor(a).rank();
        int first = g.random.nextInt(rank);
        int second = (first + 1 + g.random.nextInt(rank - 1)) % rank;
        switch (g.random.nextInt(3)) {
            case 0 -> g.call(true, "aten.diagonal.default", a, g.random.nextInt(-1, 2), first, second);
            case 1 -> g.call(true, "aten." + g.pick(List.of("tril", "triu")) + ".default", a, g.random.nextInt(-1, 2));
            default -> g.call(true, "aten.roll.default", a, List.of(g.random.nextInt(-3, 4)), List.of(first));
        }
    }

    static void split(RandomGraph g) {
        Arg.Ref a = g.floats(1);
        int dim = g.random.nextInt(g.tensor(a).rank());
        Arg.Ref first = g.call(true, "aten.split.Tensor", a, 1 + g.random.nextInt(4), dim);
        int count = g.builder.node(first).outputs().size();
        g.add(new Arg.Ref(first.node(), g.random.nextInt(count)), g.isExact(first));
    }

    static void statistics(RandomGraph g) {
        Arg.Ref a = g.floats(1);
        int dim = g.random.nextInt(g.tensor(a).rank());
        switch (g.random.nextInt(4)) {
            case 0 -> g.call(false, "aten.var.correction", a, List.of(dim), 0, g.random.nextBoolean());
            case 1 -> g.call(false, "aten.logsumexp.default", a, List.of(dim), g.random.nextBoolean());
            case 2 -> g.call(false, "aten.linalg_vector_norm.default", a, 2, List.of(dim), g.random.nextBoolean());
            default -> g.call(false, "aten.rms_norm.default", a, List.of(g.tensor(a).sizes().getLast()), null, 0.1);
        }
    }

    static void repeat(RandomGraph g) {
        Arg.Ref a = g.floats(1);
        int dim = g.random.nextInt(g.tensor(a).rank());
        switch (g.random.nextInt(3)) {
            case 0 -> g.call(true, "aten.repeat_interleave.self_int", a, 2, dim);
            case 1 -> g.call(true, "aten.stack.default", List.of(a, a), dim);
            default -> g.call(true, "aten.squeeze.default", a);
        }
    }
}
