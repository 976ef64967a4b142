package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.aten.Broadcast;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * NumPy's indexing with integer tensors: the indexed dimensions come first and fold into one, the index
 * tensors into one linear index, and what is left is a row look-up.
 *
 * @param dims the indexed dimensions
 * @param rest the other ones
 * @param common the sizes that the index tensors broadcast to
 * @param rows self with the indexed dimensions folded in front: (product of them, rest...)
 * @param index the linear index, a vector
 */
record AdvancedIndexing(List<Integer> dims, List<Integer> rest, List<SymInt> common, Arg.Ref rows,
    Arg.Ref index) {

    static void define(Definitions d) {
        d.op("index.Tensor(Tensor self, Tensor?[] indices) -> Tensor", (e, a) -> {
            AdvancedIndexing plan = plan(e, a);
            List<SymInt> front = plan.frontSizes(e);
            Arg.Ref picked = e.view(e.call("index_select.default", plan.rows, 0, plan.index), front);
            return e.permute(picked, plan.order(front.size()));
        });
        d.op("index_put.default(Tensor self, Tensor?[] indices, Tensor values, bool accumulate=False)"
            + " -> Tensor",
            AdvancedIndexing::put);
    }

    private static AdvancedIndexing plan(Emit e, OpArgs a) {
        FakeTensor self = a.tensor(0);
        List<Arg.Ref> indices = withoutMasks(e, ((Arg.Refs) a.arg(1)).refs());
        List<Integer> dims = IntStream.range(0, indices.size()).boxed()
            .filter(d -> !indices.get(d).equals(Arg.ABSENT)).toList();
        if (dims.isEmpty() || indices.size() > self.rank()) {
            throw a.error(indices.size() + " index tensors do not fit " + self);
        }
        List<Integer> rest = IntStream.range(0, self.rank()).boxed().filter(d -> !dims.contains(d)).toList();
        List<SymInt> common = Broadcast.sizes(a.shapes(), a.schema().name(),
            dims.stream().map(d -> e.tensor(indices.get(d)).sizes()).toList());
        List<Integer> order = new ArrayList<>(dims);
        order.addAll(rest);
        List<SymInt> folded = new ArrayList<>(List.of(SymInt.product(dims.stream()
            .map(self::size).toList())));
        rest.forEach(d -> folded.add(self.size(d)));
        Arg.Ref rows = e.view(e.permute(Emit.ref(a, 0), order), folded);
        Arg.Ref linear = null;
        for (int d : dims) {
            Arg.Ref own = fromStart(e, a, indices.get(d), self.size(d));
            linear = linear == null ? own : e.add(e.mul(linear, self.size(d)), own);
        }
        Arg.Ref index = e.view(e.expand(linear, common), List.of(SymInt.product(common)));
        return new AdvancedIndexing(dims, rest, common, rows, index);
    }

    /** A mask stands for the indices of its true elements, one index tensor for each of its dimensions. */
    private static List<Arg.Ref> withoutMasks(Emit e, List<Arg.Ref> indices) {
        List<Arg.Ref> all = new ArrayList<>();
        for (Arg.Ref index : indices) {
            boolean mask = !index.equals(Arg.ABSENT)
                && (e.dtype(index) == DType.BOOL || e.dtype(index) == DType.U8) && e.rank(index) > 0;
            all.addAll(mask ? DataSizeDecompositions.columns(e, index) : List.of(index));
        }
        return all;
    }

    /** Negative indices count from the end. */
    private static Arg.Ref fromStart(Emit e, OpArgs a, Arg.Ref index, SymInt size) {
        DType dtype = e.dtype(index);
        if (dtype != DType.I64 && dtype != DType.I32) {
            throw a.error("index tensors must be i64 or i32, got " + dtype);
        }
        Arg.Ref own = e.cast(index, DType.I64);
        return e.where(e.call("lt.Scalar", own, 0), e.add(own, size), own);
    }

    /** The index dimensions in front, then the rest. */
    private List<SymInt> frontSizes(Emit e) {
        List<SymInt> sizes = new ArrayList<>(common);
        sizes.addAll(e.tensor(rows).sizes().subList(1, rest.size() + 1));
        return sizes;
    }

    /**
     * Index dimensions go to the place of the first indexed one if those were neighbours, else they stay in
     * front.
     */
    private List<Integer> order(int rank) {
        boolean neighbours = dims.getLast() - dims.getFirst() == dims.size() - 1;
        int before = neighbours ? dims.getFirst() : 0;
        List<Integer> order = new ArrayList<>();
        IntStream.range(0, before).forEach(d -> order.add(common.size() + d));
        IntStream.range(0, common.size()).forEach(order::add);
        IntStream.range(common.size() + before, rank).forEach(order::add);
        return order;
    }

    private static Arg.Ref put(Emit e, OpArgs a) {
        AdvancedIndexing plan = plan(e, a);
        List<SymInt> front = plan.frontSizes(e);
        List<Integer> order = plan.order(front.size());
        Arg.Ref values = e.expand(Emit.ref(a, 2), order.stream().map(front::get).toList());
        List<Integer> inverse = IntStream.range(0, order.size()).mapToObj(order::indexOf).toList();
        List<SymInt> sizes = new ArrayList<>(e.tensor(plan.rows).sizes());
        sizes.set(0, SymInt.product(plan.common));
        Arg.Ref source = e.view(e.permute(values, inverse), sizes);
        List<SymInt> column = new ArrayList<>(java.util.Collections.nCopies(sizes.size(), SymInt.ONE));
        column.set(0, sizes.getFirst());
        Arg.Ref index = e.expand(e.view(plan.index, column), sizes);
        Arg.Ref written = a.bool(3) ? IndexDecompositions.accumulate(e, plan.rows, 0, index, source)
            : IndexDecompositions.write(e, plan.rows, 0, index, source);
        return plan.restored(e, a.tensor(0), written);
    }

    /** The rows as self was: unfolded, and every dimension back in its place. */
    private Arg.Ref restored(Emit e, FakeTensor self, Arg.Ref written) {
        List<Integer> moved = new ArrayList<>(dims);
        moved.addAll(rest);
        Arg.Ref unfolded = e.view(written, moved.stream().map(self::size).toList());
        return e.permute(unfolded, IntStream.range(0, self.rank()).mapToObj(moved::indexOf).toList());
    }
}
