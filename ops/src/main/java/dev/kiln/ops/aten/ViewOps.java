package dev.kiln.ops.aten;

import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.schema.OpKind;
import dev.kiln.ops.schema.OpTable.Registry;
import dev.kiln.ops.schema.ShapeFunction;
import dev.kiln.ops.shape.Guard;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;

/** Ops that rename indices: reshape, permute, expand, slice and the like. */
final class ViewOps {
    private ViewOps() {
    }

    static void register(Registry r) {
        view(r, "view.default(Tensor self, SymInt[] size) -> Tensor", ViewOps::reshape);
        view(r, "_unsafe_view.default(Tensor self, SymInt[] size) -> Tensor", ViewOps::reshape);
        view(r, "reshape.default(Tensor self, SymInt[] shape) -> Tensor", ViewOps::reshape);
        view(r, "expand.default(Tensor self, SymInt[] size, *, bool implicit=False) -> Tensor",
            ViewOps::expand);
        view(r, "permute.default(Tensor self, int[] dims) -> Tensor", a -> permute(a, a.integers(1)));
        view(r, "transpose.int(Tensor self, int dim0, int dim1) -> Tensor", ViewOps::transpose);
        view(r, "t.default(Tensor self) -> Tensor", ViewOps::matrixTranspose);
        view(r, "unsqueeze.default(Tensor self, int dim) -> Tensor", ViewOps::unsqueeze);
        view(r, "squeeze.default(Tensor self) -> Tensor", a -> squeeze(a, allDims(a.tensor(0).rank())));
        view(r, "squeeze.dim(Tensor self, int dim) -> Tensor", a ->
            squeeze(a, new int[] {(int) a.integer(1)}));
        view(r, "squeeze.dims(Tensor self, int[] dim) -> Tensor", a -> squeeze(a, a.integers(1)));
        view(r, "slice.Tensor(Tensor self, int dim=0, SymInt? start=None, SymInt? end=None, SymInt step=1)"
            + " -> Tensor",
            ViewOps::slice);
        StridedOps.register(r);
        view(r, "select.int(Tensor self, int dim, SymInt index) -> Tensor", ViewOps::select);
    }

    private static void view(Registry r, String schema, Function<OpArgs, FakeTensor> shape) {
        r.op(schema, OpKind.VIEW, ShapeFunction.single(shape));
    }

    private static FakeTensor reshape(OpArgs a) {
        FakeTensor self = a.tensor(0);
        List<SymInt> sizes = inferMinusOne(a, self.numel(), a.sizes(1));
        SymInt count = SymInt.product(sizes);
        if (!a.shapes().equalOrAsserted(count, self.numel())) {
            throw a.conflict("cannot view " + self.sizes() + " as " + a.sizes(1),
                Guard.equal(count, self.numel()));
        }
        return self.fresh(sizes);
    }

    /** The sizes with a single -1 replaced by what is left of the element count. */
    private static List<SymInt> inferMinusOne(OpArgs a, SymInt numel, List<SymInt> wanted) {
        int hole = wanted.indexOf(SymInt.of(-1));
        if (hole < 0) {
            return wanted;
        }
        List<SymInt> sizes = new ArrayList<>(wanted);
        sizes.set(hole, SymInt.ONE);
        SymInt known = SymInt.product(sizes);
        if (known.is(0) || sizes.contains(SymInt.of(-1))) {
            throw a.error("only one size can be inferred in " + wanted);
        }
        sizes.set(hole, numel.floorDiv(known));
        return sizes;
    }

    private static FakeTensor expand(OpArgs a) {
        FakeTensor self = a.tensor(0);
        List<SymInt> wanted = a.sizes(1);
        int lead = wanted.size() - self.rank();
        if (lead < 0) {
            throw a.error("cannot expand " + self.sizes() + " to fewer dimensions " + wanted);
        }
        List<SymInt> sizes = new ArrayList<>();
        List<SymInt> strides = new ArrayList<>();
        for (int d = 0; d < wanted.size(); d++) {
            SymInt own = d < lead ? SymInt.ONE : self.size(d - lead);
            SymInt size = wanted.get(d).is(-1) ? own : wanted.get(d);
            boolean stretched = own.is(1) && !size.is(1);
            if (!stretched && !a.shapes().equalOrAsserted(own, size)) {
                throw a.conflict("cannot expand size " + own + " to " + size, Guard.equal(own, size));
            }
            sizes.add(size);
            strides.add(d < lead || stretched ? SymInt.ZERO : self.strides().get(d - lead));
        }
        return self.view(sizes, strides, self.offset());
    }

    private static FakeTensor permute(OpArgs a, int[] dims) {
        FakeTensor self = a.tensor(0);
        if (dims.length != self.rank()) {
            throw a.error("permutation of " + dims.length + " dimensions on rank " + self.rank());
        }
        List<SymInt> sizes = new ArrayList<>();
        List<SymInt> strides = new ArrayList<>();
        boolean[] seen = new boolean[dims.length];
        for (int dim : dims) {
            int d = a.wrapDim(dim, self.rank());
            if (seen[d]) {
                throw a.error("dimension " + dim + " is listed twice");
            }
            seen[d] = true;
            sizes.add(self.size(d));
            strides.add(self.strides().get(d));
        }
        return self.view(sizes, strides, self.offset());
    }

    private static FakeTensor transpose(OpArgs a) {
        FakeTensor self = a.tensor(0);
        List<SymInt> sizes = new ArrayList<>(self.sizes());
        List<SymInt> strides = new ArrayList<>(self.strides());
        if (self.rank() > 0) {
            Collections.swap(sizes, a.dim(1, self.rank()), a.dim(2, self.rank()));
            Collections.swap(strides, a.dim(1, self.rank()), a.dim(2, self.rank()));
        }
        return self.view(sizes, strides, self.offset());
    }

    private static FakeTensor matrixTranspose(OpArgs a) {
        int rank = a.tensor(0).rank();
        if (rank > 2) {
            throw a.error("a matrix expected, got rank " + rank);
        }
        return rank < 2 ? a.tensor(0) : permute(a, new int[] {1, 0});
    }

    private static FakeTensor unsqueeze(OpArgs a) {
        FakeTensor self = a.tensor(0);
        int dim = a.dim(1, self.rank() + 1);
        List<SymInt> sizes = new ArrayList<>(self.sizes());
        List<SymInt> strides = new ArrayList<>(self.strides());
        SymInt stride = dim == self.rank() ? SymInt.ONE : self.size(dim).times(self.strides().get(dim));
        sizes.add(dim, SymInt.ONE);
        strides.add(dim, stride);
        return self.view(sizes, strides, self.offset());
    }

    private static int[] allDims(int rank) {
        return java.util.stream.IntStream.range(0, rank).toArray();
    }

    private static FakeTensor squeeze(OpArgs a, int[] dims) {
        FakeTensor self = a.tensor(0);
        List<SymInt> sizes = new ArrayList<>(self.sizes());
        List<SymInt> strides = new ArrayList<>(self.strides());
        boolean[] drop = new boolean[self.rank()];
        for (int dim : dims) {
            int d = a.wrapDim(dim, self.rank());
            if (self.rank() > 0) {
                drop[d] = self.size(d).is(1);
            }
        }
        for (int d = self.rank() - 1; d >= 0; d--) {
            if (drop[d]) {
                sizes.remove(d);
                strides.remove(d);
            }
        }
        return self.view(sizes, strides, self.offset());
    }

    private static FakeTensor slice(OpArgs a) {
        FakeTensor self = a.tensor(0);
        int dim = a.dim(1, self.rank());
        SymInt size = self.size(dim);
        SymInt step = a.size(4);
        if (step.isConstant() && step.asLong() <= 0) {
            throw a.error("step must be positive, got " + step);
        }
        SymInt start = SliceBounds.clamp(a.shapes(), a.isNone(2) ? SymInt.ZERO : a.size(2), size);
        SymInt end = SliceBounds.clamp(a.shapes(), a.isNone(3) ? size : a.size(3), size);
        SymInt span = SliceBounds.atLeast(a.shapes(), end.minus(start), SymInt.ZERO);
        SymInt length = span.is(0) ? SymInt.ZERO : span.plus(step).plus(-1).floorDiv(step);
        List<SymInt> sizes = new ArrayList<>(self.sizes());
        List<SymInt> strides = new ArrayList<>(self.strides());
        sizes.set(dim, length);
        SymInt stride = strides.get(dim);
        strides.set(dim, stride.times(step));
        return self.view(sizes, strides, self.offset().plus(start.times(stride)));
    }

    private static FakeTensor select(OpArgs a) {
        FakeTensor self = a.tensor(0);
        int dim = a.dim(1, self.rank());
        SymInt index = SliceBounds.fromStart(a.shapes(), a.size(2), self.size(dim));
        if (self.rank() == 0 || !Shapes.holds(a, Guard.less(index, self.size(dim)))
            || !Shapes.holds(a, Guard.atMost(SymInt.ZERO, index))) {
            throw a.error("index " + a.size(2) + " is out of range for size " + self.sizes());
        }
        List<SymInt> sizes = new ArrayList<>(self.sizes());
        List<SymInt> strides = new ArrayList<>(self.strides());
        sizes.remove(dim);
        SymInt stride = strides.remove(dim);
        return self.view(sizes, strides, self.offset().plus(index.times(stride)));
    }
}
