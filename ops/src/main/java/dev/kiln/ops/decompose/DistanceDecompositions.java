package dev.kiln.ops.decompose;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.schema.OpArgs;
import java.util.List;

/** Distances between rows. */
final class DistanceDecompositions {
    private DistanceDecompositions() {
    }

    static void define(Definitions d) {
        d.op("_cdist_forward.default(Tensor x1, Tensor x2, float p, int? compute_mode) -> Tensor",
            (e, a) -> between(e, a));
        d.op("cdist.default(Tensor x1, Tensor x2, float p=2, int? compute_mode=None) -> Tensor",
            (e, a) -> between(e, a));
        d.op("_pdist_forward.default(Tensor self, float p=2) -> Tensor", DistanceDecompositions::within);
        d.op("pdist.default(Tensor self, float p=2) -> Tensor", DistanceDecompositions::within);
        d.op("pairwise_distance.default(Tensor x1, Tensor x2, float p=2, float eps=1e-06, bool keepdim=False) -> Tensor",
            (e, a) -> e.call("linalg_vector_norm.default", e.add(e.sub(Emit.ref(a, 0), a.arg(1)), a.arg(3)), a.arg(2),
                Arg.ints(-1), a.arg(4)));
        d.op("dist.default(Tensor self, Tensor other, Scalar p=2) -> Tensor",
            (e, a) -> e.call("linalg_vector_norm.default", e.sub(Emit.ref(a, 0), a.arg(1)), a.arg(2)));
        d.op("cosine_similarity.default(Tensor x1, Tensor x2, int dim=1, float eps=1e-08) -> Tensor",
            DistanceDecompositions::cosine);
    }

    private static Arg.Ref between(Emit e, OpArgs a) {
        if (a.tensor(0).rank() < 2 || a.tensor(1).rank() < 2 || !a.tensor(0).dtype().isFloating()) {
            throw a.error("matrices (or batches of them) of a floating dtype expected, got " + a.tensor(0) + " and "
                + a.tensor(1));
        }
        a.shapes().require(a.tensor(0).sizes().getLast(), a.tensor(1).sizes().getLast(),
            a.schema().name() + ", columns");
        Arg.Ref difference = e.sub(e.unsqueeze(Emit.ref(a, 0), -2), e.unsqueeze(Emit.ref(a, 1), -3));
        return e.call("linalg_vector_norm.default", difference, a.arg(2), Arg.ints(-1));
    }

    /** Of each pair of rows, the first row's number rising, then the second's. */
    private static Arg.Ref within(Emit e, OpArgs a) {
        if (a.tensor(0).rank() != 2 || !a.tensor(0).dtype().isFloating()) {
            throw a.error("a matrix of a floating dtype expected, got " + a.tensor(0));
        }
        int rows = Math.toIntExact(a.shapes().specialize(a.tensor(0).size(0)));
        long[] first = new long[rows * (rows - 1) / 2];
        long[] second = new long[first.length];
        int at = 0;
        for (int i = 0; i < rows; i++) {
            for (int j = i + 1; j < rows; j++) {
                first[at] = i;
                second[at++] = j;
            }
        }
        Arg.Ref x = e.call("index_select.default", a.arg(0), 0, constant(e, first));
        Arg.Ref y = e.call("index_select.default", a.arg(0), 0, constant(e, second));
        return e.call("linalg_vector_norm.default", e.sub(x, y), a.arg(1), Arg.ints(-1));
    }

    private static Arg.Ref constant(Emit e, long[] values) {
        return e.g().constant("pairs", ConstantValue.longs(List.of((long) values.length), values));
    }

    /** The product of unit vectors; neither norm counts as less than eps. */
    private static Arg.Ref cosine(Emit e, OpArgs a) {
        Arg dim = new Arg.Ints(List.of(a.size(2)));
        List<dev.kiln.ops.shape.SymInt> sizes = dev.kiln.ops.aten.Broadcast.sizes(a.shapes(), a.schema().name(),
            List.of(a.tensor(0).sizes(), a.tensor(1).sizes()));
        Arg.Ref x = unit(e, e.expand(Emit.ref(a, 0), sizes), dim, a.arg(3));
        Arg.Ref y = unit(e, e.expand(Emit.ref(a, 1), sizes), dim, a.arg(3));
        return e.sum(e.mul(x, y), dim, false);
    }

    private static Arg.Ref unit(Emit e, Arg.Ref x, Arg dim, Arg eps) {
        Arg.Ref norm = e.call("linalg_vector_norm.default", x, 2, dim, true);
        return e.div(x, e.call("clamp_min.default", norm, eps));
    }
}
