package dev.kiln.stages.fuzz;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Steps of several calls, as models write them: products with an epilogue, attention, a layer norm. */
final class PatternSteps {
    private PatternSteps() {
    }

    static void product(RandomGraph g) {
        Arg.Ref a = g.floats(2);
        FakeTensor t = g.tensor(a);
        Arg.Ref b = g.value(o -> o.dtype() == DType.F32 && o.rank() >= 2
            && o.size(o.rank() - 2).equals(t.size(t.rank() - 1))
            && (o.rank() == 2 || o.sizes().subList(0, o.rank() - 2)
            .equals(t.sizes().subList(0, t.rank() - 2))));
        g.call(false, "aten.mul.Scalar", g.call(false, "aten.matmul.default", a, b), 0.25);
    }

    static void linear(RandomGraph g) {
        Arg.Ref a = g.floats(2);
        FakeTensor t = g.tensor(a);
        long in = t.size(t.rank() - 1).asLong();
        long out = g.pick(List.of(1L, 2L, 8L, 16L, 19L));
        switch (g.random.nextInt(4)) {
            case 0 -> g.call(false, "aten.linear.default", a, g.constant(DType.F32, out, in),
                g.constant(DType.F32, out));
            case 1 -> g.call(false, "aten.linear.default", a, g.constant(DType.F32, out, in));
            default -> {
                Arg.Ref sum = g.call(false, "aten.add.Tensor",
                    g.call(false, "aten.matmul.default", a, g.constant(DType.F32, in, out)),
                    g.constant(DType.F32, out), alpha(g));
                Arg.Ref active = g.call(false, "aten." + g.pick(List.of("gelu", "relu", "tanh"))
                    + ".default", sum);
                Arg.Ref residual = g.value(o -> o.dtype() == DType.F32
                    && Steps.broadcasts(o, g.tensor(active)));
                g.call(false, "aten.add.Tensor", active, residual);
            }
        }
    }

    private static Object alpha(RandomGraph g) {
        return g.pick(List.<Object>of(1, 1, 1, 1, 1.0, 2, 0.5));
    }

    /** Heads split off, scores scaled and masked, softmax, heads joined. */
    static void attention(RandomGraph g) {
        Arg.Ref x = g.value(t -> t.dtype() == DType.F32 && t.rank() == 3);
        List<SymInt> sizes = g.tensor(x).sizes();
        long in = sizes.getLast().asLong();
        long heads = g.pick(List.of(1L, 2L));
        long head = g.pick(List.of(4L, 8L));
        List<Arg.Ref> parts = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            Arg.Ref linear = g.call(false, "aten.add.Tensor", g.call(false, "aten.matmul.default", x,
                g.constant(DType.F32, in, heads * head)), g.constant(DType.F32, heads * head), alpha(g));
            Arg.Ref split = g.call(false, "aten.view.default", linear,
                Arrays.asList(sizes.get(0), sizes.get(1),
                SymInt.of(heads), SymInt.of(head)));
            parts.add(g.call(false, "aten.permute.default", split, i == 1 ? List.of(0, 2, 3, 1)
                : List.of(0, 2, 1, 3)));
        }
        Arg.Ref scores = g.call(false, "aten.mul.Scalar",
            g.call(false, "aten.matmul.default", parts.get(0), parts.get(1)), 0.5);
        if (g.random.nextBoolean()) {
            scores = g.call(false, "aten.add.Tensor", scores, g.value(t -> t.dtype() == DType.F32
                && (t.rank() == 0 || t.sizes().equals(List.of(sizes.get(1))))), alpha(g));
        }
        Arg.Ref weights = g.call(false, "aten._softmax.default", scores, -1, false);
        Arg.Ref mixed = g.call(false, "aten.matmul.default", weights, parts.get(2));
        g.call(false, "aten.reshape.default", g.call(false, "aten.permute.default", mixed,
            List.of(0, 2, 1, 3)),
            Arrays.asList(sizes.get(0), sizes.get(1), SymInt.of(heads * head)));
    }

    static void layerNormByHand(RandomGraph g) {
        Arg.Ref x = g.floats(2);
        Arg.Ref centered = g.call(false, "aten.sub.Tensor", x,
            g.call(false, "aten.mean.dim", x, List.of(-1), true));
        Arg.Ref variance = g.call(false, "aten.mean.dim",
            g.call(false, "aten.mul.Tensor", centered, centered),
            List.of(-1), true);
        Arg.Ref scale = g.call(false, "aten.rsqrt.default", g.call(false, "aten.add.Scalar", variance, 0.1));
        g.call(false, "aten.mul.Tensor", centered, scale);
    }
}
