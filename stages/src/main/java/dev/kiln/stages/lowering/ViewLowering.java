package dev.kiln.stages.lowering;

import dev.kiln.ops.DType;
import dev.kiln.ops.aten.SliceBounds;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;

/** Views become other strides over the same memory, or another index into the same formula. */
final class ViewLowering {
    private ViewLowering() {
    }

    static Value lower(CallLowering c) {
        Value self = c.value(0);
        return switch (c.op()) {
            case "aten.view.default", "aten._unsafe_view.default", "aten.reshape.default" ->
                batches(c, self).orElseGet(() -> reshape(c, self, c.result().sizes()));
            case "aten.unsqueeze.default", "aten.squeeze.default", "aten.squeeze.dim", "aten.squeeze.dims" ->
                reshape(c, self, c.result().sizes());
            case "aten.expand.default" -> expand(c, self);
            case "aten.permute.default" -> permute(inOrder(c, self), wrapped(c, c.args().integers(1)));
            case "aten.transpose.int" -> transpose(c, inOrder(c, self));
            case "aten.t.default" -> self.rank() < 2 ? self : permute(inOrder(c, self), List.of(1, 0));
            case "aten.slice.Tensor" -> slice(c, self);
            case "aten.select.int" -> select(c, self);
            case "aten.as_strided.default" -> c.dense(self).view(c.result().sizes(), c.args().sizes(2),
                c.dense(self).offset().plus(c.isNone(3) ? SymInt.ZERO : c.args().size(3)));
            case "aten.diagonal.default" -> diagonal(c, self);
            case "aten.unfold.default" -> unfold(c, self);
            case "aten.view_as_real.default" -> ComplexLowering.parts((Value.Strided) self);
            case "aten.view_as_complex.default" -> ComplexLowering.whole(c, self);
            default -> throw new IllegalStateException("no lowering of view " + c.op());
        };
    }

    /** What follows a linear element by element is stored in the order of its tiles, so that it can be its epilogue. */
    private static Value inOrder(CallLowering c, Value self) {
        if (!(self instanceof Value.Computed)) {
            return self;
        }
        Set<String> reads = LoopNode.buffersOf(self.load(LoopVars.outputs(self.rank())));
        SymInt elements = SymInt.product(self.sizes());
        boolean follows = c.lowering().nodes().stream().anyMatch(n -> n instanceof LoopNode.Linear linear
            && reads.contains(linear.output().name()) && linear.m().times(linear.n()).equals(elements));
        return follows ? c.realized(0) : self;
    }

    /** Batches of batches of matrices that only products of matrices read need not be copied to be counted through. */
    private static Optional<Value> batches(CallLowering c, Value self) {
        List<SymInt> sizes = c.result().sizes();
        boolean merges = self instanceof Value.Strided && self.rank() == 4 && sizes.size() == 3
            && (self.dtype() == DType.F32 || self.dtype() == DType.F64)
            && sizes.subList(1, 3).equals(self.sizes().subList(2, 4))
            && self.sizes().stream().allMatch(s -> s.isConstant() && s.asLong() > 0);
        if (!merges || !c.lowering().isReadOnlyBy(c.call(), "aten.bmm.default")) {
            return Optional.empty();
        }
        Value.Strided whole = (Value.Strided) self;
        return Reshape.strides(whole.sizes(), whole.strides(), sizes).isPresent() ? Optional.empty()
            : Optional.of(new Value.Batches(whole, sizes));
    }

    static Value reshape(CallLowering c, Value self, List<SymInt> sizes) {
        if (self instanceof Value.Strided strided) {
            Optional<List<SymInt>> strides = Reshape.strides(strided.sizes(), strided.strides(), sizes);
            if (strides.isPresent()) {
                return strided.view(sizes, strides.get(), strided.offset());
            }
        } else if (Reshape.splitIndex(self.sizes(), sizes, LoopVars.outputs(sizes.size())).isPresent()) {
            return new Value.Computed(self.dtype(), sizes,
                index -> self.load(Reshape.splitIndex(self.sizes(), sizes, index).orElseThrow()));
        }
        return reshapeDense(c.dense(self), sizes);
    }

    private static Value reshapeDense(Value.Strided dense, List<SymInt> sizes) {
        return dense.view(sizes, dev.kiln.ops.graph.FakeTensor.contiguousStrides(sizes), dense.offset());
    }

    private static Value expand(CallLowering c, Value self) {
        List<SymInt> sizes = c.result().sizes();
        return reindexed(self, sizes, index -> ElementwiseLowering.broadcast(self.sizes(), sizes, index));
    }

    private static Value transpose(CallLowering c, Value self) {
        List<Integer> dims = new ArrayList<>();
        for (int d = 0; d < self.rank(); d++) {
            dims.add(d);
        }
        if (self.rank() > 0) {
            java.util.Collections.swap(dims, c.args().dim(1, self.rank()), c.args().dim(2, self.rank()));
        }
        return permute(self, dims);
    }

    private static List<Integer> wrapped(CallLowering c, int[] dims) {
        List<Integer> wrapped = new ArrayList<>();
        for (int dim : dims) {
            wrapped.add(c.args().wrapDim(dim, dims.length));
        }
        return wrapped;
    }

    private static Value permute(Value self, List<Integer> dims) {
        List<SymInt> sizes = dims.stream().map(d -> self.sizes().get(d)).toList();
        return reindexed(self, sizes, index -> {
            SymInt[] old = new SymInt[dims.size()];
            for (int d = 0; d < old.length; d++) {
                old[dims.get(d)] = index.get(d);
            }
            return List.of(old);
        });
    }

    private static Value slice(CallLowering c, Value self) {
        int dim = c.args().dim(1, self.rank());
        SymInt size = self.sizes().get(dim);
        SymInt wanted = c.call().arg(2) instanceof Arg.Int(SymInt value) ? value : SymInt.ZERO;
        SymInt start = SliceBounds.clamp(c.args().shapes(), wanted, size);
        SymInt step = c.args().size(4);
        return reindexed(self, c.result().sizes(), index -> {
            List<SymInt> old = new ArrayList<>(index);
            old.set(dim, index.get(dim).times(step).plus(start));
            return old;
        });
    }

    private static Value select(CallLowering c, Value self) {
        int dim = c.args().dim(1, self.rank());
        SymInt at = SliceBounds.fromStart(c.args().shapes(), c.args().size(2), self.sizes().get(dim));
        return reindexed(self, c.result().sizes(), index -> {
            List<SymInt> old = new ArrayList<>(index);
            old.add(dim, at);
            return old;
        });
    }

    private static Value diagonal(CallLowering c, Value self) {
        int first = c.args().dim(2, self.rank());
        int second = c.args().dim(3, self.rank());
        long offset = c.args().integer(1);
        return reindexed(self, c.result().sizes(), index -> {
            List<SymInt> old = new ArrayList<>(index.subList(0, index.size() - 1));
            SymInt along = index.getLast();
            old.add(Math.min(first, second), SymInt.ZERO);
            old.add(Math.max(first, second), SymInt.ZERO);
            old.set(first, along.plus(Math.max(-offset, 0)));
            old.set(second, along.plus(Math.max(offset, 0)));
            return old;
        });
    }

    private static Value unfold(CallLowering c, Value self) {
        Value vector = self.rank() == 0 ? reshape(c, self, List.of(SymInt.ONE)) : self;
        int dim = c.args().dim(1, vector.rank());
        SymInt step = c.args().size(3);
        Value windows = reindexed(vector, self.rank() == 0 ? List.of(SymInt.ONE, c.args().size(2)) : c.result().sizes(),
            index -> {
                List<SymInt> old = new ArrayList<>(index.subList(0, index.size() - 1));
                old.set(dim, index.get(dim).times(step).plus(index.getLast()));
                return old;
            });
        return reshape(c, windows, c.result().sizes());
    }

    /** A view by an affine map from new to old indices; over memory it becomes strides and an offset. */
    private static Value reindexed(Value self, List<SymInt> sizes, UnaryOperator<List<SymInt>> oldIndex) {
        if (!(self instanceof Value.Strided strided)) {
            return new Value.Computed(self.dtype(), sizes, index -> self.load(oldIndex.apply(index)));
        }
        List<SymInt> zeros = new ArrayList<>(java.util.Collections.nCopies(sizes.size(), SymInt.ZERO));
        SymInt base = LoopVars.offset(oldIndex.apply(zeros), strided.strides());
        List<SymInt> strides = new ArrayList<>();
        for (int d = 0; d < sizes.size(); d++) {
            List<SymInt> unit = new ArrayList<>(zeros);
            unit.set(d, SymInt.ONE);
            strides.add(LoopVars.offset(oldIndex.apply(unit), strided.strides()).minus(base));
        }
        return strided.view(sizes, strides, strided.offset().plus(base));
    }
}
