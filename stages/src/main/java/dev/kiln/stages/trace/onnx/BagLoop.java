package dev.kiln.stages.trace.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.shape.SymInt;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;

/**
 * A loop over bags, as PyTorch writes EmbeddingBag: iteration i looks up the rows that a vector of indices has between
 * offsets i and i + 1, scales them perhaps, and folds them to one. It is translated as a whole, so that the number of
 * bags may stay open. As in EmbeddingBag, offsets start at 0 and do not fall.
 */
final class BagLoop {
    private static final Map<String, Integer> MODES = Map.of("ReduceSum", 0, "ReduceMean", 1, "ReduceMax", 2);
    private static final List<String> FOLDS = List.of("aten.sum.dim_IntList", "aten.mean.dim", "aten.amax.default");

    /** The part of a vector outside the loop that an iteration reads, by names. */
    private record Part(String vector, String starts, String ends) {
    }

    private final NodeImport n;
    private final GraphProto body;
    private final Map<String, NodeProto> producers = new HashMap<>();

    private BagLoop(NodeImport n, GraphProto body) {
        this.n = n;
        this.body = body;
        for (NodeProto node : body.getNodeList()) {
            node.getOutputList().forEach(output -> producers.put(output, node));
        }
        new GraphWalk(n.context(), body).run(OnnxNode.of(body).stream().filter(o -> o.op().equals("Constant")).toList());
    }

    /** The looked up and folded rows, one for each bag, if the loop is such a one. */
    static Optional<List<Value>> translate(NodeImport n) {
        GraphProto body = n.attributes().graph("body").orElseThrow(() -> Attributes.missing("body"));
        boolean stateless = n.inputs() == 2 && body.getInputCount() == 2 && body.getOutputCount() == 2;
        boolean counted = stateless && n.has(0) && n.has(1) && n.constant(1).filter(c -> c.longAt(0) != 0).isPresent();
        return counted ? Optional.ofNullable(new BagLoop(n, body).bags()).map(b -> List.of(new Value.Tensor(b)))
            : Optional.empty();
    }

    private Arg.Ref bags() {
        NodeProto fold = producers.get(body.getOutput(1).getName());
        if (fold == null || !MODES.containsKey(fold.getOpType()) || !along(fold, 0)
                || new Attributes(fold).flag("keepdims", true) || !runsOn(body.getOutput(0).getName())) {
            return null;
        }
        NodeProto scaling = producer(fold.getInput(0), "Mul");
        NodeProto lookup = lookup(scaling == null ? fold.getInput(0) : scaling.getInput(0));
        NodeProto column = scaling == null ? null : producer(scaling.getInput(1), "Unsqueeze");
        Part rows = lookup == null ? null : part(lookup.getInput(1));
        Part scales = column == null || !along(column, 1) ? null : part(column.getInput(0));
        if (rows == null || (scaling != null && (scales == null || !scales.starts.equals(rows.starts)
                || !scales.ends.equals(rows.ends)))) {
            return null;
        }
        Arg.Ref offsets = offsets(rows);
        return offsets == null ? null : call(lookup.getInput(0), rows, scales, offsets, MODES.get(fold.getOpType()));
    }

    private boolean outer(String name) {
        return n.context().values().has(name) && !producers.containsKey(name);
    }

    /** Whether the node's only axis, an attribute or an input, is this one. */
    private boolean along(NodeProto node, long axis) {
        return new Attributes(node).integers("axes").or(() -> node.getInputCount() < 2 ? Optional.empty()
            : n.context().values().constant(node.getInput(1)).map(c -> new long[] {c.numel() == 1 ? c.longAt(0) : -1}))
            .filter(axes -> axes.length == 1 && axes[0] == axis).isPresent();
    }

    private NodeProto producer(String name, String op) {
        NodeProto node = producers.get(name);
        return node != null && node.getOpType().equals(op) ? node : null;
    }

    private NodeProto lookup(String name) {
        NodeProto node = producer(name, "Gather");
        return node != null && outer(node.getInput(0)) && new Attributes(node).integer("axis", 0) == 0 ? node : null;
    }

    /** Whether the condition of the next iteration is always true. */
    private boolean runsOn(String condition) {
        NodeProto cast = producer(condition, "Cast");
        String source = cast == null ? condition : cast.getInput(0);
        return outer(source) && n.context().values().constant(source).filter(c -> c.longAt(0) != 0).isPresent();
    }

    private Part part(String name) {
        NodeProto slice = producer(name, "Slice");
        boolean dense = slice != null && (slice.getInputCount() == 3 || slice.getInputCount() == 4);
        String starts = dense ? bound(slice.getInput(1)) : null;
        String ends = dense ? bound(slice.getInput(2)) : null;
        return starts == null || ends == null || !outer(slice.getInput(0)) ? null
            : new Part(slice.getInput(0), starts, ends);
    }

    /** The vector outside whose element a bound is in this iteration. */
    private String bound(String name) {
        NodeProto unsqueezed = producer(name, "Unsqueeze");
        NodeProto picked = unsqueezed == null ? null : producer(unsqueezed.getInput(0), "Gather");
        boolean own = picked != null && picked.getInput(1).equals(body.getInput(0).getName());
        return own && outer(picked.getInput(0)) ? picked.getInput(0) : null;
    }

    /** The vector that starts and ends are parts of: ends are all but its first element. */
    private Arg.Ref offsets(Part rows) {
        Arg.Ref starts = n.context().values().tensor(rows.starts);
        Arg.Ref ends = n.context().values().tensor(rows.ends);
        boolean tail = n.rank(starts) == 1 && n.rank(ends) == 1
            && n.known(0).filter(k -> n.shapes().provablyEqual(k.values().getFirst(), n.type(ends).size(0))).isPresent()
            && n.shapes().provablyEqual(n.type(ends).size(0), n.type(starts).size(0).plus(-1))
            && (isTail(n.node(ends), starts) || equalsTail(known(ends), known(starts)));
        return tail ? starts : null;
    }

    private static boolean isTail(Node ends, Arg.Ref starts) {
        return ends instanceof Node.Call slice && slice.op().name().equals("aten.slice.Tensor")
            && slice.inputs().getFirst().equals(starts)
            && slice.args().subList(1, 3).equals(List.of(Arg.of(0), Arg.of(1)));
    }

    private static boolean equalsTail(long[] ends, long[] starts) {
        return starts.length > 0 && Arrays.equals(ends, 0, ends.length, starts, 1, starts.length);
    }

    /** A constant vector's elements; none if it is not constant. */
    private long[] known(Arg.Ref vector) {
        return n.context().values().constant(new Value.Tensor(vector))
            .map(c -> LongStream.range(0, c.numel()).map(c::longAt).toArray()).orElse(new long[0]);
    }

    private Arg.Ref call(String table, Part rows, Part scales, Arg.Ref offsets, int mode) {
        Arg.Ref weight = n.context().values().tensor(table);
        Arg.Ref given = n.context().values().tensor(rows.vector);
        if (n.rank(weight) != 2 || n.rank(given) != 1) {
            return null;
        }
        Arg.Ref indices = IndexingImports.fromStart(n, given, n.type(weight).size(0));
        Arg.Ref scale = scales == null ? null : n.context().values().tensor(scales.vector);
        List<SymInt> even = even(offsets, n.type(indices).size(0));
        return even.isEmpty() ? n.call("aten._embedding_bag.default", weight, indices, offsets, false, mode, false,
                scale == null ? Arg.NONE : scale, true)
            : ofLength(weight, indices, scale, even, mode);
    }

    /** How many bags there are and how long they are, if all are equally long and hold all indices; else nothing. */
    private List<SymInt> even(Arg.Ref offsets, SymInt indices) {
        long[] known = known(offsets);
        if (known.length > 1 && indices.is(known[known.length - 1])) {
            long[] even = LongStream.range(0, known.length).map(i -> i * known[1]).toArray();
            return Arrays.equals(known, even) ? List.of(SymInt.of(known.length - 1), SymInt.of(known[1])) : List.of();
        }
        if (!(n.node(offsets) instanceof Node.Call cat && cat.op().name().equals("aten.cat.default")
                && n.node(cat.inputs().getFirst()) instanceof Node.Call range
                && range.op().name().equals("aten.arange.start_step")
                && range.args().subList(0, 2).equals(List.of(Arg.of(0), new Arg.Int(indices)))
                && range.args().get(2) instanceof Arg.Int(SymInt step)
                && n.node(cat.inputs().getLast()) instanceof Node.Call end && cat.inputs().size() == 2
                && end.args().size() > 1 && end.args().get(1).equals(new Arg.Int(indices)))) {
            return List.of();
        }
        SymInt bags = indices.floorDiv(step);
        boolean whole = n.shapes().provablyEqual(bags.times(step), indices);
        return whole ? List.of(bags, step) : List.of();
    }

    private Arg.Ref ofLength(Arg.Ref weight, Arg.Ref indices, Arg.Ref scale, List<SymInt> sizes, int mode) {
        Arg.Ref rows = n.call("aten.embedding.default", weight, n.reshape(indices, sizes));
        if (scale != null) {
            Arg.Ref column = n.reshape(scale, List.of(sizes.get(0), sizes.get(1), SymInt.ONE));
            rows = n.call("aten.mul.Tensor", rows, column);
        }
        return n.call(FOLDS.get(mode), rows, new long[] {1}, false);
    }
}
