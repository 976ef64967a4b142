package dev.kiln.stages.lowering;

import dev.kiln.ops.DType;
import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.scalar.ScalarOp;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;

/** Concatenation, padding, reversal, and reads through index tensors. */
final class IndexingLowering {
    private IndexingLowering() {
    }

    static Value lower(CallLowering c) {
        return switch (c.op()) {
            case "aten.cat.default" -> cat(c);
            case "aten.embedding.default" -> gather(c, c.realized(0), 0, c.value(1), true);
            case "aten.index_select.default" ->
                gather(c, c.realized(0), c.args().dim(1, c.value(0).rank()), c.value(2), false);
            case "aten.gather.default" -> gatherElements(c);
            case "aten.constant_pad_nd.default" -> pad(c);
            case "aten.flip.default" -> flip(c);
            default -> throw new dev.kiln.ops.KilnException.Unsupported("operator " + c.op() + " has no lowering");
        };
    }

    /** Each input is written to its place in the result; an empty vector may stand among tensors of any rank. */
    private static Value cat(CallLowering c) {
        int rank = c.result().rank();
        List<Value> tensors = c.values(0).stream().filter(t -> t.rank() == rank).toList();
        int dim = c.args().dim(1, rank);
        boolean channelsLast = tensors.stream().anyMatch(ChannelsLast::suits);
        List<SymInt> sizes = c.result().sizes();
        Buffer buffer = c.allocateResult(channelsLast ? ChannelsLast.toMemory(sizes) : sizes);
        Value.Strided whole = GraphLowering.whole(buffer);
        Value.Strided result = channelsLast ? ChannelsLast.fromMemory(whole) : whole;
        SymInt start = SymInt.ZERO;
        for (Value tensor : tensors) {
            SymInt place = start.times(result.strides().get(dim));
            Value part = channelsLast ? ChannelsLast.toMemory(tensor) : tensor;
            List<SymInt> index = LoopVars.outputs(tensor.rank());
            c.lowering().add(new LoopNode.Pointwise(buffer, part.sizes(),
                LoopVars.offset(index, buffer.strides()).plus(place), part.load(index).cast(buffer.dtype()),
                List.copyOf(c.origins())));
            start = start.plus(tensor.sizes().get(dim));
        }
        return result;
    }

    /** Replaces dimension {@code dim} of the table by the dimensions of an index tensor. */
    private static Value gather(CallLowering c, Value.Strided table, int dim, Value indices, boolean insert) {
        List<SymInt> sizes = c.result().sizes();
        int span = insert || table.rank() > 0 ? indices.rank() : 0;
        return new Value.Computed(table.dtype(), sizes, index -> {
            List<SymInt> own = new ArrayList<>(index);
            List<SymInt> at = new ArrayList<>();
            for (int d = 0; d < span; d++) {
                at.add(own.remove(dim));
            }
            if (span == 0 && table.rank() > own.size()) {
                own.add(dim, SymInt.ZERO);
            }
            Scalar position = indices.load(at);
            return element(table, dim, span == 0 ? own : with(own, dim), position);
        });
    }

    private static List<SymInt> with(List<SymInt> own, int dim) {
        List<SymInt> full = new ArrayList<>(own);
        full.add(dim, SymInt.ZERO);
        return full;
    }

    /** The table's element whose index in {@code dim} is the loaded integer, wrapped and checked when it runs. */
    private static Scalar element(Value.Strided table, int dim, List<SymInt> index, Scalar position) {
        SymInt rest = table.offset().plus(LoopVars.offset(index, table.strides()));
        SymInt place = rest.plus(SymInt.symbol("_0").times(table.strides().get(dim)));
        return new Scalar.Gather(table.buffer().name(), place, List.of(checked(position, table.sizes().get(dim))),
            table.dtype());
    }

    static Scalar checked(Scalar position, SymInt size) {
        return new Scalar.Apply(ScalarOp.CHECK_INDEX, List.of(position.cast(DType.I64), new Scalar.Index(size)),
            DType.I64);
    }

    /** The table's elements that the indices name along a dimension. */
    static Value picked(Value.Strided table, int dim, Value indices) {
        return new Value.Computed(table.dtype(), indices.sizes(), index -> {
            List<SymInt> own = new ArrayList<>(index);
            own.set(dim, SymInt.ZERO);
            return element(table, dim, own, indices.load(index));
        });
    }

    private static Value gatherElements(CallLowering c) {
        Value.Strided table = c.realized(0);
        Value indices = c.value(2);
        int dim = c.args().dim(1, table.rank());
        return new Value.Computed(table.dtype(), c.result().sizes(), index -> {
            List<SymInt> own = new ArrayList<>(index);
            if (!own.isEmpty()) {
                own.set(dim, SymInt.ZERO);
            }
            return table.rank() == 0 ? table.load(List.of()) : element(table, dim, own, indices.load(index));
        });
    }

    /** Inside the input's box the input, outside the value; the inner read is guarded by being a select. */
    private static Value pad(CallLowering c) {
        Value self = c.value(0);
        List<SymInt> pads = c.args().sizes(1);
        boolean channelsLast = ChannelsLast.suits(self);
        List<SymInt> all = c.result().sizes();
        Buffer buffer = c.allocateResult(channelsLast ? ChannelsLast.toMemory(all) : all);
        Value.Strided whole = GraphLowering.whole(buffer);
        Value.Strided result = channelsLast ? ChannelsLast.fromMemory(whole) : whole;
        Scalar fill = Scalar.literal(c.args().real(2), buffer.dtype());
        c.lowering().fill(buffer, new Value.Computed(buffer.dtype(), buffer.sizes(), i -> fill), c.origins());
        List<SymInt> cropped = new ArrayList<>();
        List<SymInt> sizes = new ArrayList<>();
        SymInt start = SymInt.ZERO;
        for (int d = 0; d < self.rank(); d++) {
            int pair = self.rank() - 1 - d;
            SymInt before = 2 * pair < pads.size() ? pads.get(2 * pair) : SymInt.ZERO;
            SymInt after = 2 * pair < pads.size() ? pads.get(2 * pair + 1) : SymInt.ZERO;
            cropped.add(SymInt.ZERO.max(before.negate()));
            sizes.add(self.sizes().get(d).plus(SymInt.ZERO.min(before)).plus(SymInt.ZERO.min(after)));
            start = start.plus(SymInt.ZERO.max(before).times(result.strides().get(d)));
        }
        Value inside = new Value.Computed(self.dtype(), sizes, index -> {
            List<SymInt> from = new ArrayList<>();
            for (int d = 0; d < index.size(); d++) {
                from.add(index.get(d).plus(cropped.get(d)));
            }
            return self.load(from);
        });
        Value part = channelsLast ? ChannelsLast.toMemory(inside) : inside;
        List<SymInt> index = LoopVars.outputs(part.rank());
        c.lowering().add(new LoopNode.Pointwise(buffer, part.sizes(),
            start.plus(LoopVars.offset(index, buffer.strides())), part.load(index), List.copyOf(c.origins())));
        return result;
    }

    private static Value flip(CallLowering c) {
        Value self = c.value(0);
        List<Integer> dims = new ArrayList<>();
        for (int dim : c.args().integers(1)) {
            dims.add(c.args().wrapDim(dim, self.rank()));
        }
        return new Value.Computed(self.dtype(), self.sizes(), index -> {
            List<SymInt> old = new ArrayList<>(index);
            dims.forEach(d -> old.set(d, self.sizes().get(d).plus(-1).minus(index.get(d))));
            return self.load(old);
        });
    }
}
