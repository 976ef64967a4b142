package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;
import java.util.ArrayList;
import java.util.List;

/** Copies of a tensor with elements replaced, or combined with others, at index tensors. */
final class ScatterImports {
    private ScatterImports() {
    }

    static void register(Registry r) {
        r.tensor("Scatter", ScatterImports::elements);
        r.tensor("ScatterElements", ScatterImports::elements);
        r.tensor("ScatterND", ScatterImports::tuples);
    }

    private static String reduction(NodeImport n) {
        return n.attributes().string("reduction", "none");
    }

    private static Arg.Ref elements(NodeImport n) {
        Arg.Ref data = n.tensor(0);
        int dim = n.dim(n.attributes().integer("axis", 0), n.rank(data));
        Arg.Ref indices = n.cast(IndexingImports.fromStart(n, n.tensor(1), n.type(data).size(dim)),
            DType.I64);
        return switch (reduction(n)) {
            case "none" -> n.call("aten.scatter.src", data, dim, indices, n.tensor(2));
            case "add" -> n.call("aten.scatter_add.default", data, dim, indices, n.tensor(2));
            default -> reduced(n, data, dim, indices, n.tensor(2));
        };
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
        boolean adds = reduction(n).equals("add");
        return adds || reduction(n).equals("none")
            ? n.call("aten.index_put.default", data, positions, n.tensor(2), adds) : rows(n, data, positions);
    }

    /** Each position names a row of the data; rows are combined element by element. */
    private static Arg.Ref rows(NodeImport n, Arg.Ref data, List<Arg.Ref> positions) {
        List<SymInt> sizes = n.type(data).sizes();
        int depth = positions.size();
        SymInt width = SymInt.product(sizes.subList(depth, sizes.size()));
        SymInt count = n.type(positions.getFirst()).numel();
        Arg.Ref linear = null;
        for (int k = 0; k < depth; k++) {
            linear = linear == null ? positions.getFirst() : n.call("aten.add.Tensor",
                n.call("aten.mul.Scalar", linear, sizes.get(k)), positions.get(k));
        }
        Arg.Ref index = n.call("aten.expand.default", n.reshape(linear, List.of(count, SymInt.ONE)),
            List.of(count, width));
        Arg.Ref table = n.reshape(data, List.of(SymInt.product(sizes.subList(0, depth)), width));
        Arg.Ref result = reduced(n, table, 0, index, n.reshape(n.tensor(2), List.of(count, width)));
        return n.reshape(result, sizes);
    }

    /** Every place folds the source elements that name it, then itself with the result. */
    private static Arg.Ref reduced(NodeImport n, Arg.Ref data, int dim, Arg.Ref index, Arg.Ref source) {
        int rank = n.rank(data);
        for (int d = 0; d < rank; d++) {
            if (d != dim) {
                n.shapes().require(n.type(data).size(d), n.type(index).size(d), "dimension " + d + " of the indices");
            }
        }
        List<SymInt> sizes = new ArrayList<>(ReshapeImports.ones(rank + 1));
        sizes.set(dim, n.type(data).size(dim));
        Arg.Ref places = n.reshape(n.call("aten.arange.start_step", SymInt.ZERO, n.type(data).size(dim), 1,
            DType.I64), sizes);
        Arg.Ref hits = n.call("aten.eq.Tensor", n.call("aten.unsqueeze.default", index, dim), places);
        Arg.Ref wide = n.call("aten.unsqueeze.default", source, dim);
        return switch (reduction(n)) {
            case "mul" -> n.call("aten.mul.Tensor", data, n.call("aten.prod.dim_int",
                chosen(n, hits, wide, n.call("aten.full.default", List.of(), 1, n.dtype(data))), dim + 1, false,
                n.dtype(data)));
            case "max" -> n.call("aten.maximum.default", data, n.call("aten.amax.default",
                chosen(n, hits, wide, n.call("aten.unsqueeze.default", data, dim + 1)), new long[] {dim + 1}, false));
            case "min" -> n.call("aten.minimum.default", data, n.call("aten.amin.default",
                chosen(n, hits, wide, n.call("aten.unsqueeze.default", data, dim + 1)), new long[] {dim + 1}, false));
            default -> throw new KilnException.BadInput("reduction '" + reduction(n)
                + "' is none of none, add, mul, max, min");
        };
    }

    private static Arg.Ref chosen(NodeImport n, Arg.Ref hits, Arg.Ref source, Arg.Ref otherwise) {
        return n.call("aten.where.self", hits, source, otherwise);
    }
}
