package dev.kiln.tensor;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What stands between brackets in Python, one entry a dimension. */
final class Indexing {
    private Tensor tensor;
    private final List<Tensor> places = new ArrayList<>();
    private int dim;

    private Indexing(Tensor self, Object[] indices) {
        tensor = self;
        for (Object index : expanded(self, indices)) {
            take(index);
        }
    }

    static Tensor get(Tensor self, Object[] indices) {
        Indexing indexing = new Indexing(self, indices);
        return indexing.places.stream().allMatch(java.util.Objects::isNull) ? indexing.tensor
            : Dispatch.call("aten.index.Tensor", indexing.tensor, indexing.places);
    }

    static void put(Tensor self, Object[] indices, Tensor value, boolean accumulate) {
        Indexing indexing = new Indexing(self, indices);
        if (indexing.places.stream().allMatch(java.util.Objects::isNull)) {
            if (accumulate) {
                indexing.tensor.add_(value);
            } else {
                indexing.tensor.copy_(value);
            }
        } else {
            Dispatch.call("aten.index_put_.default", indexing.tensor, indexing.places, value, accumulate);
        }
    }

    /** With the ellipsis replaced by as many full slices as dimensions are left. */
    private static List<Object> expanded(Tensor self, Object[] indices) {
        List<Object> all = new ArrayList<>(Arrays.asList(indices));
        int ellipsis = all.indexOf(Torch.ELLIPSIS);
        if (ellipsis >= 0) {
            int used = all.stream().mapToInt(Indexing::dimensions).sum();
            all.remove(ellipsis);
            for (int i = used; i < self.dim(); i++) {
                all.add(ellipsis, Slice.ALL);
            }
        }
        return all;
    }

    /** How many dimensions an entry stands for. */
    private static int dimensions(Object index) {
        return index == null || index == Torch.ELLIPSIS ? 0
            : index instanceof Tensor t && t.dtype() == dev.kiln.ops.DType.BOOL ? t.dim() : 1;
    }

    private void take(Object index) {
        switch (index) {
            case null -> skip(Dispatch.call("aten.unsqueeze.default", tensor, dim), 1);
            case Integer place -> tensor = tensor.select(dim, place);
            case Long place -> tensor = tensor.select(dim, place);
            case SymInt place -> tensor = tensor.select(dim, place);
            case Slice slice -> skip(slice.equals(Slice.ALL) ? tensor : Dispatch.call("aten.slice.Tensor", tensor, dim,
                slice.start(), slice.stop(), slice.step()), 1);
            case Tensor place -> {
                places.add(place);
                dim += dimensions(place);
            }
            default -> throw new KilnException.BadInput("an index is a number, a Slice, null, an ellipsis or a tensor, not "
                + index);
        }
    }

    private void skip(Tensor next, int dims) {
        tensor = next;
        for (int i = 0; i < dims; i++) {
            places.add(null);
        }
        dim += dims;
    }
}
