package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Ops whose result has as many elements as the data says. How many must be known when compiling (from constants or
 * from what the user assumes); which they are is computed by the code.
 */
final class SelectionImports {
    private SelectionImports() {
    }

    static void register(Registry r) {
        r.tensor("NonZero", SelectionImports::nonZero);
        r.tensor("Compress", SelectionImports::compress);
        r.tensors("Unique", n -> new UniqueImport(n).translate());
        r.tensor("NonMaxSuppression", n -> new NonMaxSuppressionImport(n).translate());
    }

    /** Positions in a boolean vector that hold true, in order. */
    static Arg.Ref places(NodeImport n, Arg.Ref mask) {
        Optional<ConstantValue> known = n.context().values().evaluate(mask);
        if (known.isEmpty()) {
            throw new KilnException.Unsupported("the size of its result depends on data; only sizes known from "
                + "constants and from assumed inputs are supported");
        }
        long count = 0;
        for (long i = 0; i < known.get().numel(); i++) {
            count += known.get().longAt(i);
        }
        Arg.Ref order = n.call("aten.cumsum.default", n.cast(mask, DType.I64), 0);
        Arg.Ref wanted = n.call("aten.unsqueeze.default", range(n, 1, SymInt.of(count + 1)), 1);
        Arg.Ref hit = n.call("aten.logical_and.default", n.call("aten.eq.Tensor", order, wanted), mask);
        Arg.Ref place = range(n, 0, n.type(mask).size(0));
        return n.call("aten.sum.dim_IntList", n.call("aten.where.self", hit, place, zero(n)), new long[] {1}, false);
    }

    static Arg.Ref range(NodeImport n, long from, SymInt end) {
        return n.call("aten.arange.start_step", from, end, 1, DType.I64);
    }

    static Arg.Ref zero(NodeImport n) {
        return n.call("aten.full.default", List.of(), 0, DType.I64);
    }

    static Arg.Ref flat(NodeImport n, Arg.Ref x) {
        return n.reshape(x, List.of(n.type(x).numel()));
    }

    /** One row for each dimension, one column for each element that is not zero. */
    private static Arg.Ref nonZero(NodeImport n) {
        Arg.Ref x = n.tensor(0);
        List<SymInt> sizes = n.rank(x) == 0 ? List.of(SymInt.ONE) : n.type(x).sizes();
        Arg.Ref places = places(n, flat(n, n.cast(n.call("aten.ne.Scalar", x, 0), DType.BOOL)));
        List<Arg.Ref> rows = new ArrayList<>();
        for (int d = 0; d < sizes.size(); d++) {
            SymInt stride = SymInt.product(sizes.subList(d + 1, sizes.size()));
            Arg.Ref index = n.call("aten.remainder.Scalar", n.call("aten.floor_divide.Scalar", places, stride),
                sizes.get(d));
            rows.add(n.call("aten.unsqueeze.default", index, 0));
        }
        return rows.size() == 1 ? rows.getFirst() : n.call("aten.cat.default", rows, 0);
    }

    /** Slices along an axis, or elements, where a vector holds true; it may be shorter than the axis. */
    private static Arg.Ref compress(NodeImport n) {
        boolean flat = !n.attributes().has("axis");
        Arg.Ref x = flat ? flat(n, n.tensor(0)) : n.tensor(0);
        int dim = flat ? 0 : n.dim(n.attributes().integer("axis", 0), n.rank(x));
        return n.call("aten.index_select.default", x, dim, places(n, n.tensor(1)));
    }
}
