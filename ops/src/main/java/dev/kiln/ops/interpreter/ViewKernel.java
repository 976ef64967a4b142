package dev.kiln.ops.interpreter;

import dev.kiln.ops.decompose.ComplexDecompositions;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.shape.SymInt;

/** Copies through the strides and the offset that the shape function gives for a contiguous input. */
final class ViewKernel {
    private ViewKernel() {
    }

    static ConstantValue run(Frame frame) {
        ConstantValue self = frame.value(0);
        if (ComplexDecompositions.isView(frame.op().name())) {
            FakeTensor same = frame.outputs().getFirst();
            return self.view(same.dtype(), same.sizes().stream().map(SymInt::asLong).toList());
        }
        FakeTensor view = frame.outputs().getFirst();
        ConstantValue out = frame.allocate(0);
        long[] start = {view.offset().asLong()};
        Walk.over(Frame.sizes(out), start,
            (index, offsets) -> copy(self, offsets[0], out, index), Frame.constants(view.strides()));
        return out;
    }

    static void copy(ConstantValue from, long at, ConstantValue to, long index) {
        ElementwiseKernel.store(to, index, ElementwiseKernel.load(from, at));
    }
}
