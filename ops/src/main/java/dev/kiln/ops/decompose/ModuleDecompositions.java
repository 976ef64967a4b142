package dev.kiln.ops.decompose;

import dev.kiln.ops.aten.Broadcast;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;

/** Operators that modules call under names of their own: weight normalisation, bags of embeddings, and the like. */
final class ModuleDecompositions {
    private ModuleDecompositions() {
    }

    static void define(Definitions d) {
        d.list("_fused_rms_norm.default(Tensor input, int[] normalized_shape, Tensor? weight, float? eps) "
            + "-> (Tensor, Tensor)", ModuleDecompositions::rmsNorm);
        d.list("_weight_norm_interface.default(Tensor v, Tensor g, int dim=0) -> (Tensor, Tensor)",
            ModuleDecompositions::weightNorm);
        d.op("_weight_norm.default(Tensor v, Tensor g, int dim=0) -> Tensor", (e, a) -> weightNorm(e, a).getFirst());
        String bag = "(Tensor weight, Tensor indices, Tensor offsets, bool scale_grad_by_freq=False, int mode=0, "
            + "bool sparse=False, Tensor? per_sample_weights=None, bool include_last_offset=False";
        String results = ") -> (Tensor, Tensor, Tensor, Tensor)";
        d.list("embedding_bag.default" + bag + results, (e, a) -> bag(e, a, -1));
        d.list("embedding_bag.padding_idx" + bag.replaceAll("=\\w+", "") + ", int? padding_idx" + results,
            (e, a) -> bag(e, a, a.isNone(8) ? -1 : a.integer(8)));
        d.list("broadcast_tensors.default(Tensor[] tensors) -> Tensor[]", ModuleDecompositions::broadcast);
        d.op("empty_permuted.default(SymInt[] size, int[] physical_layout, *, ScalarType? dtype=None, "
            + "Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
            (e, a) -> e.call("empty.memory_format", a.arg(0), a.arg(2)));
        d.op("lift.default(Tensor self) -> Tensor", (e, a) -> e.unary("alias", Emit.ref(a, 0)));
    }

    /** Also the inverse of each row's root mean square. */
    private static List<Arg.Ref> rmsNorm(Emit e, OpArgs a) {
        Arg.Ref x = e.compute(Emit.ref(a, 0));
        int rank = e.rank(x);
        long[] dims = java.util.stream.LongStream.range(rank - a.sizes(1).size(), rank).toArray();
        double epsilon = a.isNone(3) ? Math.ulp(1f) : a.real(3);
        Arg.Ref inverse = e.unary("rsqrt", e.add(e.call("mean.dim", e.mul(x, x), dims, true), epsilon));
        return List.of(e.call("rms_norm.default", a.arg(0), a.arg(1), a.arg(2), epsilon), inverse);
    }

    /** v with every slice along the dimension scaled to the length that g says; also the slices' own lengths. */
    private static List<Arg.Ref> weightNorm(Emit e, OpArgs a) {
        Arg.Ref v = Emit.ref(a, 0);
        int kept = a.dim(2, e.rank(v));
        long[] others = java.util.stream.LongStream.range(0, e.rank(v)).filter(d -> d != kept).toArray();
        Arg.Ref norm = e.call("linalg_vector_norm.default", v, 2.0, others, true);
        return List.of(e.mul(v, e.div(Emit.ref(a, 1), norm)), norm);
    }

    private static List<Arg.Ref> bag(Emit e, OpArgs a, long padding) {
        List<Object> args = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            args.add(a.arg(i));
        }
        args.add(padding);
        Arg.Ref bags = e.call("_embedding_bag.default", args.toArray());
        return List.of(bags, new Arg.Ref(bags.node(), 1), new Arg.Ref(bags.node(), 2), new Arg.Ref(bags.node(), 3));
    }

    private static List<Arg.Ref> broadcast(Emit e, OpArgs a) {
        List<Arg.Ref> tensors = ((Arg.Refs) a.arg(0)).refs();
        List<SymInt> sizes = Broadcast.sizes(a.shapes(), a.schema().name(),
            tensors.stream().map(t -> e.tensor(t).sizes()).toList());
        return tensors.stream().map(t -> e.expand(t, sizes)).toList();
    }
}
