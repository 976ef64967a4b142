package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.schema.OpKind;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;
import java.util.ArrayList;
import java.util.List;

/** Ops with index tensors. ONNX lets indices count from the end, ATen's gathers do not. */
final class IndexingImports {
    private IndexingImports() {
    }

    static void register(Registry r) {
        r.tensor("Gather", IndexingImports::gather);
        r.tensor("GatherElements", n -> {
            int dim = n.dim(n.attributes().integer("axis", 0), n.rank(n.tensor(0)));
            Arg.Ref indices = fromStart(n, n.tensor(1), n.type(n.tensor(0)).size(dim));
            return n.call("aten.gather.default", n.tensor(0), dim, n.cast(indices, DType.I64));
        });
        r.tensor("GatherND", IndexingImports::gatherNd);
        r.tensor("OneHot", IndexingImports::oneHot);
        r.tensor("ReverseSequence", IndexingImports::reverseSequence);
    }

    /** Indices that count from the start: negative ones get the size added, unless there can be none. */
    static Arg.Ref fromStart(NodeImport n, Arg.Ref indices, SymInt size) {
        if (isNonNegative(n, indices)) {
            return indices;
        }
        Arg.Ref negative = n.call("aten.lt.Scalar", indices, 0);
        return n.call("aten.where.self", negative, n.call("aten.add.Scalar", indices, size), indices);
    }

    /** Constants without negative elements, ranges that start at 0 or later, and views of such. */
    private static boolean isNonNegative(NodeImport n, Arg.Ref indices) {
        return switch (n.node(indices)) {
            case Node.Placeholder ignored -> n.dtype(indices) == DType.U8;
            case Node.Constant constant -> isNonNegative(constant.value());
            case Node.Call call when call.op().kind() == OpKind.VIEW ->
                isNonNegative(n, call.inputs().getFirst());
            case Node.Call call -> call.op().packet().startsWith("arg");
        };
    }

    private static boolean isNonNegative(ConstantValue constant) {
        for (long i = 0; i < constant.numel(); i++) {
            if (constant.longAt(i) < 0) {
                return false;
            }
        }
        return true;
    }

    private static Arg.Ref gather(NodeImport n) {
        Arg.Ref data = n.tensor(0);
        FakeTensor type = n.type(data);
        int dim = n.dim(n.attributes().integer("axis", 0), type.rank());
        int indexRank = n.valueRank(1);
        if (indexRank == 0 && n.number(1, 0).isPresent()) {
            return n.call("aten.select.int", data, dim, n.number(1, 0).get());
        }
        Arg.Ref indices = fromStart(n, n.tensor(1), type.size(dim));
        if (dim == 0 && type.rank() == 2) {
            return n.call("aten.embedding.default", data, indices);
        }
        List<SymInt> indexSizes = n.type(indices).sizes();
        Arg.Ref flat = n.reshape(indices, List.of(SymInt.product(indexSizes)));
        List<SymInt> sizes = new ArrayList<>(type.sizes());
        sizes.remove(dim);
        sizes.addAll(dim, indexSizes);
        return n.reshape(n.call("aten.index_select.default", data, dim, flat), sizes);
    }

    /** Rows of the data under one index each, worked out from the index tuples. */
    private static Arg.Ref gatherNd(NodeImport n) {
        Arg.Ref data = n.tensor(0);
        List<SymInt> sizes = n.type(data).sizes();
        List<SymInt> indexSizes = n.type(n.tensor(1)).sizes();
        int batch = (int) n.attributes().integer("batch_dims", 0);
        int depth = Math.toIntExact(n.shapes().specialize(indexSizes.getLast()));
        Arg.Ref linear = null;
        for (int k = 0; k < depth; k++) {
            SymInt size = sizes.get(batch + k);
            Arg.Ref index = fromStart(n, n.call("aten.select.int", n.tensor(1), -1, k), size);
            linear = linear == null ? index
                : n.call("aten.add.Tensor", n.call("aten.mul.Scalar", linear, size), index);
        }
        SymInt span = SymInt.product(sizes.subList(batch, batch + depth));
        linear = batchOffsets(n, linear, sizes.subList(0, batch), span);
        List<SymInt> row = sizes.subList(batch + depth, sizes.size());
        List<SymInt> rows = new ArrayList<>(List.of(SymInt.product(sizes.subList(0, batch + depth))));
        rows.addAll(row);
        List<SymInt> result = new ArrayList<>(indexSizes.subList(0, indexSizes.size() - 1));
        SymInt count = SymInt.product(result);
        result.addAll(row);
        return n.reshape(n.call("aten.index_select.default", n.reshape(data, rows), 0,
            n.reshape(linear, List.of(count))), result);
    }

    private static Arg.Ref batchOffsets(NodeImport n, Arg.Ref linear, List<SymInt> batch, SymInt span) {
        if (batch.isEmpty()) {
            return linear;
        }
        SymInt count = SymInt.product(batch);
        Arg.Ref starts = n.call("aten.arange.start_step", SymInt.ZERO, count.times(span), span,
            n.dtype(linear));
        List<SymInt> sizes = new ArrayList<>(batch);
        sizes.addAll(ReshapeImports.ones(n.rank(linear) - batch.size()));
        return n.call("aten.add.Tensor", linear, n.reshape(starts, sizes));
    }

    /** Where the indices equal their position along a new axis; indices out of range match nowhere. */
    private static Arg.Ref oneHot(NodeImport n) {
        ConstantValue depth = n.required(1, "depth");
        long size = depth.longAt(0);
        if (size < 0) {
            throw new KilnException.BadInput("depth is " + size + "; export one_hot with a number of classes");
        }
        Arg.Ref indices = n.cast(n.tensor(0), DType.I64);
        int rank = n.rank(indices) + 1;
        int dim = n.dim(n.attributes().integer("axis", -1), rank);
        List<SymInt> sizes = new ArrayList<>(ReshapeImports.ones(rank));
        sizes.set(dim, SymInt.of(size));
        Arg.Ref positions = n.reshape(n.call("aten.arange.start_step", 0, size, 1, DType.I64), sizes);
        Arg.Ref wrapped = n.call("aten.unsqueeze.default", fromStart(n, indices, SymInt.of(size)), dim);
        Arg.Ref values = n.tensor(2);
        return n.call("aten.where.self", n.call("aten.eq.Tensor", wrapped, positions),
            n.call("aten.select.int", values, 0, 1), n.call("aten.select.int", values, 0, 0));
    }

    /** The first elements of each sequence, as many as its length says, in reverse. */
    private static Arg.Ref reverseSequence(NodeImport n) {
        Arg.Ref x = n.tensor(0);
        int rank = n.rank(x);
        int time = n.dim(n.attributes().integer("time_axis", 0), rank);
        int batch = n.dim(n.attributes().integer("batch_axis", 1), rank);
        List<SymInt> column = new ArrayList<>(ReshapeImports.ones(rank));
        column.set(time, n.type(x).size(time));
        Arg.Ref place = n.reshape(n.call("aten.arange.start_step", SymInt.ZERO, n.type(x).size(time), 1, DType.I64),
            column);
        List<SymInt> row = new ArrayList<>(ReshapeImports.ones(rank));
        row.set(batch, n.type(x).size(batch));
        Arg.Ref length = n.reshape(n.cast(n.tensor(1), DType.I64), row);
        Arg.Ref reversed = n.call("aten.sub.Tensor", n.call("aten.add.Scalar", length, -1), place);
        Arg.Ref source = n.call("aten.where.self", n.call("aten.lt.Tensor", place, length), reversed, place);
        return n.call("aten.gather.default", x, time,
            n.call("aten.expand.default", source, n.type(x).sizes()));
    }
}
