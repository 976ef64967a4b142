package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;
import java.util.ArrayList;
import java.util.List;

/** Ops whose outputs have sizes that depend on data. */
final class DataSizeImports {
    private DataSizeImports() {
    }

    static void register(Registry r) {
        r.tensor("NonZero", n -> n.call("aten.t.default", nonZero(n, n.tensor(0))));
        r.tensor("Compress", DataSizeImports::compress);
        r.tensors("Unique", DataSizeImports::unique);
    }

    /** Models take the indices of one mask several times; that their sizes are equal must be known. */
    private static Arg.Ref nonZero(NodeImport n, Arg.Ref mask) {
        return n.context().nonZeros().computeIfAbsent(mask, m -> n.call("aten.nonzero.default", m));
    }

    /** Slices along an axis (elements, without one) where the condition is true; it may be shorter than the axis. */
    private static Arg.Ref compress(NodeImport n) {
        boolean flat = !n.attributes().has("axis");
        Arg.Ref data = flat ? flat(n, n.tensor(0)) : n.tensor(0);
        int dim = flat ? 0 : n.dim(n.attributes().integer("axis", 0), n.rank(data));
        Arg.Ref chosen = nonZero(n, n.tensor(1));
        return n.call("aten.index_select.default", data, dim, flat(n, chosen));
    }

    private static Arg.Ref flat(NodeImport n, Arg.Ref x) {
        return n.reshape(x, List.of(n.type(x).numel()));
    }

    /** Values, place of each one's first occurrence, value of each element, count of each value. */
    private static List<Arg.Ref> unique(NodeImport n) {
        boolean flat = !n.attributes().has("axis");
        Arg.Ref data = n.tensor(0);
        int dim = flat ? 0 : n.dim(n.attributes().integer("axis", 0), n.rank(data));
        Arg.Ref values = flat ? n.call("aten._unique2.default", data, true, true, true)
            : n.call("aten.unique_dim.default", data, dim, true, true, true);
        Arg.Ref inverse = flat(n, new Arg.Ref(values.node(), 1));
        Arg.Ref counts = new Arg.Ref(values.node(), 2);
        Arg.Ref first = firstPlaces(n, inverse, n.type(counts).size(0));
        if (n.attributes().flag("sorted", true)) {
            return List.of(values, first, inverse, counts);
        }
        Arg.Ref order = n.call("aten.argsort.default", first, 0, false);
        Arg.Ref place = n.call("aten.argsort.default", order, 0, false);
        return List.of(n.call("aten.index_select.default", values, dim, order), pick(n, first, order),
            pick(n, place, inverse), pick(n, counts, order));
    }

    private static Arg.Ref pick(NodeImport n, Arg.Ref vector, Arg.Ref index) {
        return n.call("aten.index_select.default", vector, 0, index);
    }

    /** For each value the least place at which it stands. */
    private static Arg.Ref firstPlaces(NodeImport n, Arg.Ref inverse, SymInt count) {
        SymInt length = n.type(inverse).size(0);
        Arg.Ref values = n.reshape(n.call("aten.arange.start_step", 0, count, 1, DType.I64),
            new ArrayList<>(List.of(count, SymInt.ONE)));
        Arg.Ref here = n.call("aten.eq.Tensor", values, n.reshape(inverse, List.of(SymInt.ONE, length)));
        Arg.Ref places = n.call("aten.arange.start_step", 0, length, 1, DType.I64);
        Arg.Ref none = n.call("aten.full.default", List.of(), length, DType.I64);
        return n.call("aten.amin.default", n.call("aten.where.self", here, places, none), new long[] {1}, false);
    }
}
