package dev.kiln.ops.interpreter;

import dev.kiln.ops.graph.ConstantValue;
import java.util.Arrays;
import java.util.List;

/** Data movement by index arithmetic or by index tensors. */
final class IndexingKernel {
    private IndexingKernel() {
    }

    static ConstantValue run(Frame frame) {
        return switch (frame.op().name()) {
            case "aten.cat.default" -> cat(frame);
            case "aten.embedding.default" -> embedding(frame);
            case "aten.index_select.default" -> indexSelect(frame);
            case "aten.gather.default" -> gather(frame);
            case "aten.constant_pad_nd.default" -> pad(frame);
            case "aten.flip.default" -> flip(frame);
            default -> throw new IllegalStateException("no reference kernel for " + frame.op());
        };
    }

    private static ConstantValue cat(Frame frame) {
        List<ConstantValue> tensors = frame.valueList(0);
        ConstantValue out = frame.allocate(0);
        int dim = frame.args().dim(1, out.sizes().size());
        long[] strides = Walk.contiguous(Frame.sizes(out));
        long[] start = {0};
        for (ConstantValue tensor : tensors) {
            if (tensor.sizes().equals(List.of(0L))) {
                continue;
            }
            Walk.over(Frame.sizes(tensor), start, (index, offsets) ->
                convert(tensor, index, out, offsets[0]), strides);
            start[0] += tensor.sizes().get(dim) * strides[dim];
        }
        return out;
    }

    private static void convert(ConstantValue from, long at, ConstantValue to, long index) {
        if (from.dtype().isFloating()) {
            to.set(index, from.doubleAt(at));
        } else {
            to.set(index, from.longAt(at));
        }
    }

    private static ConstantValue embedding(Frame frame) {
        ConstantValue weight = frame.value(0);
        ConstantValue indices = frame.value(1);
        ConstantValue out = frame.allocate(0);
        long width = weight.sizes().get(1);
        for (long i = 0; i < out.numel(); i++) {
            long row = index(frame, indices.longAt(i / width), weight.sizes().get(0));
            ViewKernel.copy(weight, row * width + i % width, out, i);
        }
        return out;
    }

    private static long index(Frame frame, long index, long size) {
        if (index < 0 || index >= size) {
            throw frame.args().error("index " + index + " is out of range for size " + size);
        }
        return index;
    }

    private static ConstantValue indexSelect(Frame frame) {
        ConstantValue self = frame.value(0);
        ConstantValue indices = frame.value(2);
        ConstantValue out = frame.allocate(0);
        if (self.sizes().isEmpty()) {
            ViewKernel.copy(self, 0, out, 0);
            return out;
        }
        int dim = frame.args().dim(1, self.sizes().size());
        long stride = Walk.contiguous(Frame.sizes(self))[dim];
        return along(frame, self, out, dim, (index, position) -> indices.longAt(position), stride);
    }

    private static ConstantValue gather(Frame frame) {
        ConstantValue self = frame.value(0);
        ConstantValue indices = frame.value(2);
        ConstantValue out = frame.allocate(0);
        if (self.sizes().isEmpty()) {
            for (long i = 0; i < out.numel(); i++) {
                ViewKernel.copy(self, index(frame, indices.longAt(i), 1), out, i);
            }
            return out;
        }
        int dim = frame.args().dim(1, self.sizes().size());
        long stride = Walk.contiguous(Frame.sizes(self))[dim];
        return along(frame, self, out, dim, (index, position) -> indices.longAt(index), stride);
    }

    @FunctionalInterface
    private interface Pick {
        long at(long index, long position);
    }

    /** out[.., p, ..] = self[.., pick, ..] along one dimension. */
    private static ConstantValue along(Frame frame, ConstantValue self, ConstantValue out, int dim, Pick pick,
            long stride) {
        long[] strides = Walk.contiguous(Frame.sizes(self));
        strides[dim] = 0;
        long[] positions = new long[strides.length];
        positions[dim] = 1;
        Walk.over(Frame.sizes(out), (index, offsets) -> {
            long picked = index(frame, pick.at(index, offsets[1]), self.sizes().get(dim));
            ViewKernel.copy(self, offsets[0] + picked * stride, out, index);
        }, strides, positions);
        return out;
    }

    private static ConstantValue pad(Frame frame) {
        ConstantValue self = frame.value(0);
        ConstantValue out = frame.allocate(0);
        for (long i = 0; i < out.numel(); i++) {
            FactoryKernel.set(out, i, frame.args().arg(2));
        }
        int rank = self.sizes().size();
        long[] pads = Frame.constants(frame.args().sizes(1));
        long[] outSizes = Frame.sizes(out);
        long[] box = Frame.sizes(self);
        long[] inner = Walk.contiguous(box);
        long[] outer = Walk.contiguous(outSizes);
        long[] start = {0, 0};
        for (int i = 0; i < pads.length / 2; i++) {
            int d = rank - 1 - i;
            long from = Math.max(0, -pads[2 * i]);
            long to = Math.max(0, pads[2 * i]);
            box[d] = Math.max(0, Math.min(box[d] - from, outSizes[d] - to));
            start[0] += from * inner[d];
            start[1] += to * outer[d];
        }
        Walk.over(box, start, (index, offsets) -> ViewKernel.copy(self, offsets[0], out, offsets[1]), inner,
            outer);
        return out;
    }

    private static ConstantValue flip(Frame frame) {
        ConstantValue self = frame.value(0);
        ConstantValue out = frame.allocate(0);
        long[] sizes = Frame.sizes(self);
        long[] strides = Walk.contiguous(sizes);
        long start = 0;
        for (int dim : Arrays.stream(frame.args().integers(1)).map(d ->
            frame.args().wrapDim(d, sizes.length)).toArray()) {
            if (sizes.length > 0) {
                start += (sizes[dim] - 1) * strides[dim];
                strides[dim] = -strides[dim];
            }
        }
        Walk.over(sizes, new long[] {start}, (index, offsets) ->
            ViewKernel.copy(self, offsets[0], out, index), strides);
        return out;
    }
}
