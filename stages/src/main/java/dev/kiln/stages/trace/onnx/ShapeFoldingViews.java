package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** The part of shape arithmetic that moves elements: gather, concat, slice, changes of shape, ranges. */
final class ShapeFoldingViews {
    private ShapeFoldingViews() {
    }

    static KnownInts gather(NodeImport n, List<KnownInts> in) {
        KnownInts data = in.getFirst();
        KnownInts indices = in.get(1);
        if (!indices.isConstant()) {
            return null;
        }
        int axis = n.dim(n.attributes().integer("axis", 0), data.rank());
        long size = data.sizes().get(axis);
        List<Long> sizes = new ArrayList<>(data.sizes());
        sizes.remove(axis);
        sizes.addAll(axis, indices.sizes());
        return data.pick(sizes, at -> {
            long[] own = new long[data.rank()];
            long[] which = java.util.Arrays.copyOfRange(at, axis, axis + indices.rank());
            for (int d = 0; d < own.length; d++) {
                own[d] = d < axis ? at[d] : d > axis ? at[d + indices.rank() - 1] : 0;
            }
            long index = indices.pick(List.of(), none -> which).values().getFirst().asLong();
            if (index < -size || index >= size) {
                throw new IllegalArgumentException("index " + index + " is out of range for size " + size);
            }
            own[axis] = index < 0 ? index + size : index;
            return own;
        });
    }

    static KnownInts concat(NodeImport n, List<KnownInts> in) {
        if (in.stream().anyMatch(t -> t.rank() != 1)) {
            return null;
        }
        List<SymInt> values = in.stream().flatMap(t -> t.values().stream()).toList();
        return new KnownInts(in.getFirst().dtype(), List.of((long) values.size()), values);
    }

    static KnownInts slice(NodeImport n, List<KnownInts> in) {
        KnownInts data = in.getFirst();
        SliceSpec spec = SliceSpec.of(n, data.rank());
        if (!spec.isConstant()) {
            return null;
        }
        for (int i = 0; i < spec.axes().length; i++) {
            data = slice(data, spec.axes()[i], spec.starts().get(i).asLong(), spec.ends().get(i).asLong(), spec.steps()[i]);
        }
        return data;
    }

    private static KnownInts slice(KnownInts data, int axis, long from, long to, long step) {
        long size = data.sizes().get(axis);
        if (size == 0) {
            return data;
        }
        long high = step > 0 ? size : size - 1;
        long start = clamp(from, size, 0, high);
        long end = clamp(to, size, step > 0 ? 0 : -1, high);
        List<Long> sizes = new ArrayList<>(data.sizes());
        sizes.set(axis, Math.max(0, Math.ceilDiv(end - start, step)));
        return data.pick(sizes, at -> {
            long[] own = at.clone();
            own[axis] = start + at[axis] * step;
            return own;
        });
    }

    static KnownInts transpose(NodeImport n, List<KnownInts> in) {
        KnownInts data = in.getFirst();
        int rank = data.rank();
        int[] order = n.dims(n.attributes().integers("perm").orElseGet(
            () -> LongStream.range(0, rank).map(d -> rank - 1 - d).toArray()), rank);
        return data.pick(IntStream.of(order).mapToObj(d -> data.sizes().get(d)).toList(), at -> {
            long[] own = new long[rank];
            IntStream.range(0, rank).forEach(d -> own[order[d]] = at[d]);
            return own;
        });
    }

    private static long clamp(long bound, long size, long low, long high) {
        long fromStart = bound < 0 ? bound + size : bound;
        return Math.max(low, Math.min(high, fromStart));
    }

    static KnownInts unsqueeze(NodeImport n, List<KnownInts> in) {
        KnownInts data = in.getFirst();
        long[] axes = n.has(1) ? n.integers(1, "axes") : n.attributes().requireIntegers("axes");
        int rank = data.rank() + axes.length;
        List<Long> sizes = new ArrayList<>(Collections.nCopies(rank, 0L));
        for (int axis : n.dims(axes, rank)) {
            sizes.set(axis, 1L);
        }
        int next = 0;
        for (int d = 0; d < rank; d++) {
            if (sizes.get(d) == 0) {
                sizes.set(d, data.sizes().get(next++));
            }
        }
        return data.reshape(sizes);
    }

    static KnownInts squeeze(NodeImport n, List<KnownInts> in) {
        KnownInts data = in.getFirst();
        List<Long> sizes = new ArrayList<>(data.sizes());
        long[] axes = n.has(1) ? n.integers(1, "axes") : n.attributes().integers("axes").orElse(null);
        if (axes == null) {
            sizes.removeIf(s -> s == 1);
        } else {
            int[] dims = n.dims(axes, data.rank());
            java.util.Arrays.sort(dims);
            for (int i = dims.length - 1; i >= 0; i--) {
                sizes.remove(dims[i]);
            }
        }
        return data.reshape(sizes);
    }

    static KnownInts reshape(NodeImport n, List<KnownInts> in) {
        KnownInts data = in.getFirst();
        if (!in.get(1).isConstant()) {
            return null;
        }
        List<SymInt> from = data.sizes().stream().map(SymInt::of).toList();
        return data.reshape(ReshapeImports.target(n, from, in.get(1).values()).stream().map(SymInt::asLong)
            .toList());
    }

    static KnownInts expand(NodeImport n, List<KnownInts> in) {
        if (!in.get(1).isConstant()) {
            return null;
        }
        List<Long> wanted = in.get(1).values().stream().map(SymInt::asLong).toList();
        List<Long> sizes = KnownInts.broadcast(in.getFirst().sizes(), wanted);
        return KnownInts.count(sizes) > KnownInts.LIMIT ? null : in.getFirst().broadcastTo(sizes);
    }

    static KnownInts constantOfShape(NodeImport n, List<KnownInts> in) {
        ConstantValue value = n.attributes().tensor("value").map(n.context().reader()::read).orElse(null);
        if (value == null || value.dtype().kind() == DType.Kind.FLOATING || !in.getFirst().isConstant()) {
            return null;
        }
        List<Long> sizes = in.getFirst().values().stream().map(SymInt::asLong).toList();
        long count = KnownInts.count(sizes);
        return count > KnownInts.LIMIT ? null : new KnownInts(value.dtype(), sizes,
            Collections.nCopies((int) count, SymInt.of(value.longAt(0))));
    }

    static KnownInts range(NodeImport n, List<KnownInts> in) {
        if (!in.stream().allMatch(KnownInts::isConstant)) {
            return null;
        }
        long start = in.getFirst().values().getFirst().asLong();
        long limit = in.get(1).values().getFirst().asLong();
        long step = in.get(2).values().getFirst().asLong();
        long count = Math.max(0, Math.ceilDiv(limit - start, step));
        if (count > KnownInts.LIMIT) {
            return null;
        }
        List<SymInt> values = new ArrayList<>();
        for (long i = 0; i < count; i++) {
            values.add(SymInt.of(start + i * step));
        }
        return new KnownInts(in.getFirst().dtype(), List.of(count), values);
    }
}
