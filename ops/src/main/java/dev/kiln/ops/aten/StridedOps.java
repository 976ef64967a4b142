package dev.kiln.ops.aten;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.schema.OpKind;
import dev.kiln.ops.schema.OpTable.Registry;
import dev.kiln.ops.schema.ShapeFunction;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;

/** Views that are given by strides: any at all, a diagonal, sliding windows. */
final class StridedOps {
    private StridedOps() {
    }

    static void register(Registry r) {
        r.op("as_strided.default(Tensor self, SymInt[] size, SymInt[] stride, SymInt? storage_offset=None) -> Tensor",
            OpKind.VIEW, ShapeFunction.single(StridedOps::asStrided));
        r.op("diagonal.default(Tensor self, int offset=0, int dim1=0, int dim2=1) -> Tensor", OpKind.VIEW,
            ShapeFunction.single(StridedOps::diagonal));
        r.op("unfold.default(Tensor self, int dimension, int size, int step) -> Tensor", OpKind.VIEW,
            ShapeFunction.single(StridedOps::unfold));
    }

    /** Only of a tensor that fills its storage in row-major order: other storages are not known. */
    private static FakeTensor asStrided(OpArgs a) {
        FakeTensor self = a.tensor(0);
        if (!self.isContiguous() || !self.offset().is(0)) {
            throw new KilnException.Unsupported("aten.as_strided of a tensor that is not contiguous is not supported, "
                + "got " + self + ": call contiguous first");
        }
        if (a.sizes(1).size() != a.sizes(2).size()) {
            throw a.error(a.sizes(1).size() + " sizes, but " + a.sizes(2).size() + " strides");
        }
        SymInt offset = a.isNone(3) ? SymInt.ZERO : a.size(3);
        SymInt last = offset;
        for (int d = 0; d < a.sizes(1).size(); d++) {
            last = last.plus(a.sizes(1).get(d).plus(-1).times(a.sizes(2).get(d)));
        }
        if (!SymInt.product(a.sizes(1)).is(0) && !a.shapes().less(last, self.numel())) {
            throw a.error("sizes " + a.sizes(1) + " with strides " + a.sizes(2) + " leave the storage of " + self);
        }
        return self.view(a.sizes(1), a.sizes(2), offset);
    }

    private static FakeTensor diagonal(OpArgs a) {
        FakeTensor self = a.tensor(0);
        int first = a.dim(2, self.rank());
        int second = a.dim(3, self.rank());
        if (first == second || self.rank() < 2) {
            throw a.error("two different dimensions expected");
        }
        long offset = a.integer(1);
        SymInt length = self.size(first).plus(Math.min(offset, 0)).min(self.size(second).plus(-Math.max(offset, 0)))
            .max(SymInt.ZERO);
        List<SymInt> sizes = new ArrayList<>();
        List<SymInt> strides = new ArrayList<>();
        for (int d = 0; d < self.rank(); d++) {
            if (d != first && d != second) {
                sizes.add(self.size(d));
                strides.add(self.strides().get(d));
            }
        }
        sizes.add(length);
        strides.add(self.strides().get(first).plus(self.strides().get(second)));
        SymInt start = length.is(0) ? SymInt.ZERO : self.strides().get(offset < 0 ? first : second).times(Math.abs(offset));
        return self.view(sizes, strides, self.offset().plus(start));
    }

    private static FakeTensor unfold(OpArgs a) {
        FakeTensor self = a.tensor(0);
        int dim = a.dim(1, self.rank());
        long size = a.integer(2);
        long step = a.integer(3);
        SymInt whole = self.rank() == 0 ? SymInt.ONE : self.size(dim);
        if (size < 0 || step <= 0 || a.shapes().less(whole, SymInt.of(size))) {
            throw a.error("windows of " + size + " in steps of " + step + " do not fit size " + whole);
        }
        List<SymInt> sizes = new ArrayList<>(self.sizes());
        List<SymInt> strides = new ArrayList<>(self.strides());
        SymInt stride = self.rank() == 0 ? SymInt.ONE : strides.get(dim);
        if (self.rank() > 0) {
            sizes.set(dim, whole.plus(-size).floorDiv(SymInt.of(step)).plus(1));
            strides.set(dim, stride.times(step));
        }
        sizes.add(SymInt.of(size));
        strides.add(stride);
        return self.view(sizes, strides, self.offset());
    }
}
