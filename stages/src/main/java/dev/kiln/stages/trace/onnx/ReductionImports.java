package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/**
 * Reductions. Axes are an attribute, or an input in newer operator sets; none means all, unless told
 * otherwise.
 */
final class ReductionImports {
    @FunctionalInterface
    private interface Fold {
        /** The reduction of x over dims, which are not empty unless x has no dimensions. */
        Arg.Ref over(NodeImport n, Arg.Ref x, long[] dims, boolean keep);
    }

    private ReductionImports() {
    }

    static void register(Registry r) {
        r.tensor("ReduceSum", n -> reduce(n, n.tensor(0), ReductionImports::sum));
        r.tensor("ReduceMean", n -> reduce(n, n.tensor(0), ReductionImports::mean));
        r.tensor("ReduceMax", n -> reduce(n, n.tensor(0), (m, x, dims, keep) ->
            m.call(m.dtype(x) == DType.BOOL ? "aten.any.dims" : "aten.amax.default", x, dims, keep)));
        r.tensor("ReduceMin", n -> reduce(n, n.tensor(0), (m, x, dims, keep) ->
            m.call(m.dtype(x) == DType.BOOL ? "aten.all.dims" : "aten.amin.default", x, dims, keep)));
        r.tensor("ReduceProd", n -> reduce(n, n.tensor(0), ReductionImports::product));
        r.tensor("ReduceL1", n -> reduce(n, n.call("aten.abs.default", n.tensor(0)), ReductionImports::sum));
        r.tensor("ReduceSumSquare", n -> reduce(n, square(n), ReductionImports::sum));
        r.tensor("ReduceL2", n -> same(n, x -> n.call("aten.sqrt.default",
            reduce(n, square(n), ReductionImports::sum))));
        r.tensor("ReduceLogSum", n -> same(n, x -> n.call("aten.log.default",
            reduce(n, x, ReductionImports::sum))));
        r.tensor("ReduceLogSumExp", n -> same(n, x -> reduce(n, x, (m, y, dims, keep) ->
            m.call("aten.logsumexp.default", y, dims, keep))));
        r.tensor("ArgMax", n -> argument(n, "argmax"));
        r.tensor("ArgMin", n -> argument(n, "argmin"));
    }

    private static Arg.Ref square(NodeImport n) {
        return n.call("aten.mul.Tensor", n.tensor(0), n.tensor(0));
    }

    /** The result in the first input's dtype, which ONNX asks for and ATen does not keep for integers. */
    private static Arg.Ref same(NodeImport n, UnaryOperator<Arg.Ref> body) {
        return n.cast(body.apply(n.tensor(0)), n.dtype(n.tensor(0)));
    }

    private static Arg.Ref reduce(NodeImport n, Arg.Ref x, Fold fold) {
        long[] axes = n.has(1) ? n.integers(1, "axes") : n.attributes().integers("axes").orElse(new long[0]);
        if (axes.length == 0 && n.attributes().flag("noop_with_empty_axes", false)) {
            return x;
        }
        int rank = n.rank(x);
        long[] dims = axes.length == 0 ? IntStream.range(0, rank).asLongStream().toArray()
            : Arrays.stream(n.dims(axes, rank)).asLongStream().toArray();
        return fold.over(n, x, dims, n.attributes().flag("keepdims", true));
    }

    private static Arg.Ref sum(NodeImport n, Arg.Ref x, long[] dims, boolean keep) {
        return n.dtype(x).isFloating() ? n.call("aten.sum.dim_IntList", x, dims, keep)
            : n.call("aten.sum.dim_IntList", x, dims, keep, n.dtype(x));
    }

    private static Arg.Ref mean(NodeImport n, Arg.Ref x, long[] dims, boolean keep) {
        DType dtype = n.dtype(x);
        Arg.Ref floating = n.cast(x, dtype.isFloating() ? dtype : DType.F64);
        return n.cast(n.call("aten.mean.dim", floating, dims, keep), dtype);
    }

    private static Arg.Ref product(NodeImport n, Arg.Ref x, long[] dims, boolean keep) {
        long[] descending = Arrays.stream(dims).sorted().toArray();
        Arg.Ref result = x;
        for (int i = descending.length - 1; i >= 0; i--) {
            result = n.call("aten.prod.dim_int", result, descending[i], keep, n.dtype(x));
        }
        return result;
    }

    private static Arg.Ref argument(NodeImport n, String packet) {
        Arg.Ref x = n.tensor(0);
        int dim = n.dim(n.attributes().integer("axis", 0), n.rank(x));
        boolean keep = n.attributes().flag("keepdims", true);
        String overload = "aten." + packet + ".default";
        if (!n.attributes().flag("select_last_index", false)) {
            return n.call(overload, x, dim, keep);
        }
        Arg.Ref fromEnd = n.call(overload, n.call("aten.flip.default", x, new long[] {dim}), dim, keep);
        return n.call("aten.rsub.Scalar", fromEnd, n.type(x).size(dim).plus(-1));
    }
}
