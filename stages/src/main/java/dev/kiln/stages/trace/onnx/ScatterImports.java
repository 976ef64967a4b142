package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;
import java.util.ArrayList;
import java.util.List;

/** Copies of a tensor with elements replaced, or added to, at index tensors. */
final class ScatterImports {
    private ScatterImports() {
    }

    static void register(Registry r) {
        r.tensor("Scatter", ScatterImports::elements);
        r.tensor("ScatterElements", ScatterImports::elements);
        r.tensor("ScatterND", ScatterImports::tuples);
    }

    /** Whether elements are added; an error for the other reductions. */
    private static boolean adds(NodeImport n) {
        String reduction = n.attributes().string("reduction", "none");
        if (!reduction.equals("none") && !reduction.equals("add")) {
            throw new KilnException.Unsupported("reduction '" + reduction + "' is not supported");
        }
        return reduction.equals("add");
    }

    private static Arg.Ref elements(NodeImport n) {
        Arg.Ref data = n.tensor(0);
        int dim = n.dim(n.attributes().integer("axis", 0), n.rank(data));
        Arg.Ref indices = n.cast(IndexingImports.fromStart(n, n.tensor(1), n.type(data).size(dim)),
            DType.I64);
        return n.call(adds(n) ? "aten.scatter_add.default" : "aten.scatter.src", data, dim, indices,
            n.tensor(2));
    }

    /** The last dimension of the indices is a position along the first dimensions of the data. */
    private static Arg.Ref tuples(NodeImport n) {
        Arg.Ref data = n.tensor(0);
        List<SymInt> indexSizes = n.type(n.tensor(1)).sizes();
        int depth = Math.toIntExact(n.shapes().specialize(indexSizes.getLast()));
        List<Arg.Ref> positions = new ArrayList<>();
        for (int k = 0; k < depth; k++) {
            Arg.Ref column = n.call("aten.select.int", n.tensor(1), -1, k);
            positions.add(n.cast(IndexingImports.fromStart(n, column, n.type(data).size(k)), DType.I64));
        }
        return n.call("aten.index_put.default", data, positions, n.tensor(2), adds(n));
    }
}
