package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Short names for the calls that decompositions are made of. */
public record Emit(GraphBuilder g) {

    public FakeTensor tensor(Arg.Ref x) {
        return g.tensor(x);
    }

    public int rank(Arg.Ref x) {
        return tensor(x).rank();
    }

    public DType dtype(Arg.Ref x) {
        return tensor(x).dtype();
    }

    public static Arg.Ref ref(OpArgs a, int position) {
        return (Arg.Ref) a.arg(position);
    }

    public Arg.Ref call(String overload, Object... args) {
        return g.call("aten." + overload, args);
    }

    /** An op with a tensor and a number overload, by what the second operand is. */
    public Arg.Ref binary(String packet, Arg.Ref x, Object y) {
        return call(packet + (y instanceof Arg.Ref ? ".Tensor" : ".Scalar"), x, y);
    }

    public Arg.Ref add(Arg.Ref x, Object y) {
        return binary("add", x, y);
    }

    public Arg.Ref sub(Arg.Ref x, Object y) {
        return binary("sub", x, y);
    }

    public Arg.Ref mul(Arg.Ref x, Object y) {
        return binary("mul", x, y);
    }

    public Arg.Ref div(Arg.Ref x, Object y) {
        return binary("div", x, y);
    }

    public Arg.Ref unary(String packet, Arg.Ref x) {
        return call(packet + ".default", x);
    }

    public Arg.Ref sum(Arg.Ref x, Arg dims, boolean keep) {
        return call("sum.dim_IntList", x, dims, keep);
    }

    public Arg.Ref mean(Arg.Ref x, Arg dims, boolean keep) {
        return call("mean.dim", x, dims, keep);
    }

    public Arg.Ref view(Arg.Ref x, List<SymInt> sizes) {
        return tensor(x).sizes().equals(sizes) ? x : call("view.default", x, new Arg.Ints(sizes));
    }

    public Arg.Ref expand(Arg.Ref x, List<SymInt> sizes) {
        return tensor(x).sizes().equals(sizes) ? x : call("expand.default", x, new Arg.Ints(sizes));
    }

    public Arg.Ref permute(Arg.Ref x, List<Integer> dims) {
        boolean identity = IntStream.range(0, dims.size()).allMatch(d -> dims.get(d) == d);
        return identity ? x : call("permute.default", x, dims);
    }

    public Arg.Ref unsqueeze(Arg.Ref x, int dim) {
        return call("unsqueeze.default", x, dim);
    }

    public Arg.Ref slice(Arg.Ref x, int dim, SymInt start, SymInt end) {
        return call("slice.Tensor", x, dim, start, end);
    }

    public Arg.Ref cat(List<Arg.Ref> tensors, int dim) {
        return tensors.size() == 1 ? tensors.getFirst() : call("cat.default", tensors, dim);
    }

    public Arg.Ref where(Arg.Ref condition, Arg.Ref x, Arg.Ref y) {
        return call("where.self", condition, x, y);
    }

    public Arg.Ref cast(Arg.Ref x, DType to) {
        return dtype(x) == to ? x : call("_to_copy.default", x, to);
    }

    /** To the dtype that PyTorch computes in: half precisions go to f32. */
    public Arg.Ref compute(Arg.Ref x) {
        return cast(x, dtype(x).isReduced() ? DType.F32 : dtype(x));
    }

    /** A number as a zero-dimensional tensor of a dtype. */
    public Arg.Ref number(Object value, DType dtype) {
        return full(List.of(), value, dtype);
    }

    public Arg.Ref full(List<SymInt> sizes, Object value, DType dtype) {
        return call("full.default", new Arg.Ints(sizes), value, dtype);
    }

    /** 0, 1, ... along a dimension of a tensor of the given rank, the other sizes 1. */
    public Arg.Ref positions(SymInt count, int dim, int rank) {
        List<SymInt> sizes = new ArrayList<>(java.util.Collections.nCopies(rank, SymInt.ONE));
        sizes.set(dim, count);
        return view(call("arange.start_step", 0, count, 1), sizes);
    }

    /** A zero-dimensional tensor as a vector of one, so that ops on a dimension apply. */
    public Arg.Ref atLeastVector(Arg.Ref x) {
        return rank(x) == 0 ? view(x, List.of(SymInt.ONE)) : x;
    }
}
