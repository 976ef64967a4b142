package dev.kiln.ops.aten;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.schema.OpKind;
import dev.kiln.ops.schema.OpTable.Registry;
import dev.kiln.ops.schema.ShapeFunction;
import dev.kiln.ops.shape.Guard;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** Ops that move data by index arithmetic or by index tensors. */
final class IndexingOps {
    private IndexingOps() {
    }

    static void register(Registry r) {
        indexing(r, "cat.default(Tensor[] tensors, int dim=0) -> Tensor", IndexingOps::cat);
        indexing(r, "embedding.default(Tensor weight, Tensor indices, SymInt padding_idx=-1, "
            + "bool scale_grad_by_freq=False, bool sparse=False) -> Tensor", IndexingOps::embedding);
        indexing(r, "index_select.default(Tensor self, int dim, Tensor index) -> Tensor",
            IndexingOps::indexSelect);
        indexing(r, "gather.default(Tensor self, int dim, Tensor index, *, bool sparse_grad=False) -> Tensor",
            IndexingOps::gather);
        indexing(r, "constant_pad_nd.default(Tensor self, SymInt[] pad, Scalar value=0) -> Tensor",
            IndexingOps::pad);
        indexing(r, "flip.default(Tensor self, int[] dims) -> Tensor", a -> {
            for (int dim : a.integers(1)) {
                a.wrapDim(dim, a.tensor(0).rank());
            }
            return a.tensor(0).fresh(a.tensor(0).sizes());
        });
    }

    private static void indexing(Registry r, String schema, Function<OpArgs, FakeTensor> shape) {
        r.op(schema, OpKind.INDEXING, ShapeFunction.single(shape));
    }

    private static FakeTensor gather(OpArgs a) {
        FakeTensor self = a.tensor(0);
        FakeTensor index = integral(a, 2);
        if (Math.max(1, self.rank()) != Math.max(1, index.rank())) {
            throw a.error("ranks " + self.rank() + " and " + index.rank() + " differ");
        }
        int dim = a.dim(1, self.rank());
        for (int d = 0; d < Math.min(self.rank(), index.rank()); d++) {
            if (d != dim && !fits(a, index.size(d), self.size(d))) {
                throw a.error("the index " + index.sizes() + " is larger than " + self.sizes());
            }
        }
        return self.fresh(index.sizes());
    }

    private static boolean fits(OpArgs a, SymInt size, SymInt most) {
        if (a.shapes().isUnbacked(most.minus(size))) {
            a.shapes().require(Guard.atMost(size, most), a.schema().name());
            return true;
        }
        return !a.shapes().less(most, size);
    }

    private static FakeTensor integral(OpArgs a, int position) {
        FakeTensor index = a.tensor(position);
        if (index.dtype() != DType.I64 && index.dtype() != DType.I32) {
            throw a.error("indices must be i64 or i32, got " + index.dtype());
        }
        return index;
    }

    /** Vectors without elements join anything (PyTorch's old rule). */
    private static FakeTensor cat(OpArgs a) {
        List<FakeTensor> all = a.tensorList(0);
        if (all.isEmpty()) {
            throw a.error("a list of at least one tensor expected");
        }
        List<FakeTensor> tensors = all.stream().filter(t -> t.rank() != 1 || !t.size(0).is(0)).toList();
        if (tensors.isEmpty()) {
            return FakeTensor.contiguous(TypePromotion.common(all), 0);
        }
        FakeTensor first = tensors.getFirst();
        int dim = a.dim(1, first.rank());
        List<SymInt> sizes = new ArrayList<>(first.sizes());
        SymInt total = SymInt.ZERO;
        for (FakeTensor tensor : tensors) {
            if (tensor.rank() != first.rank()) {
                throw a.error("ranks " + first.rank() + " and " + tensor.rank() + " differ");
            }
            for (int d = 0; d < first.rank(); d++) {
                if (d != dim) {
                    a.shapes().require(first.size(d), tensor.size(d), "aten.cat, dimension " + d);
                }
            }
            total = total.plus(tensor.size(dim));
        }
        sizes.set(dim, total);
        return FakeTensor.contiguous(TypePromotion.common(all), sizes);
    }

    private static FakeTensor embedding(OpArgs a) {
        FakeTensor weight = a.tensor(0);
        if (weight.rank() != 2) {
            throw a.error("the weight must be a matrix, got " + weight);
        }
        List<SymInt> sizes = new ArrayList<>(integral(a, 1).sizes());
        sizes.add(weight.size(1));
        return weight.fresh(sizes);
    }

    private static FakeTensor indexSelect(OpArgs a) {
        FakeTensor self = a.tensor(0);
        FakeTensor index = integral(a, 2);
        if (index.rank() > 1) {
            throw a.error("the index must have at most one dimension, got " + index);
        }
        List<SymInt> sizes = new ArrayList<>(self.sizes());
        if (self.rank() > 0) {
            sizes.set(a.dim(1, self.rank()), index.numel());
        }
        return self.fresh(sizes);
    }

    /** Pads are pairs (before, after) from the last dimension on; negative ones crop. */
    private static FakeTensor pad(OpArgs a) {
        FakeTensor self = a.tensor(0);
        List<SymInt> pads = a.sizes(1);
        if (pads.size() % 2 != 0 || pads.size() / 2 > self.rank()) {
            throw a.error("pads " + pads + " do not fit rank " + self.rank());
        }
        List<SymInt> sizes = new ArrayList<>(self.sizes());
        for (int i = 0; i < pads.size() / 2; i++) {
            int d = self.rank() - 1 - i;
            sizes.set(d, sizes.get(d).plus(pads.get(2 * i)).plus(pads.get(2 * i + 1)));
        }
        return self.fresh(sizes);
    }
}
