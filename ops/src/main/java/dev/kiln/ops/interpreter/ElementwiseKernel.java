package dev.kiln.ops.interpreter;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.interpreter.ScalarEvaluator.Cell;
import dev.kiln.ops.scalar.Scalar;
import java.util.ArrayList;
import java.util.List;

/** Runs an op's scalar formula on every element. */
final class ElementwiseKernel {
    private ElementwiseKernel() {
    }

    static ConstantValue run(Frame frame) {
        Scalar formula = frame.op().scalar(frame.args(),
            i -> new Scalar.Operand(i, frame.args().tensor(i).dtype()));
        Cell cell = ScalarEvaluator.compile(formula, leaf -> {
            throw new IllegalStateException(frame.op() + ": the formula has a leaf without a value: " + leaf);
        });
        List<Integer> positions = new ArrayList<>();
        for (int i = 0; i < frame.args().count(); i++) {
            if (frame.args().arg(i) instanceof Arg.Ref) {
                positions.add(i);
            }
        }
        ConstantValue out = frame.allocate(0);
        long[] sizes = Frame.sizes(out);
        List<ConstantValue> tensors = positions.stream().map(frame::value).toList();
        long[][] strides = tensors.stream().map(t ->
            Walk.broadcast(Frame.sizes(t), sizes)).toArray(long[][]::new);
        long[] operands = new long[frame.args().count()];
        Walk.over(sizes, (index, offsets) -> {
            for (int t = 0; t < offsets.length; t++) {
                operands[positions.get(t)] = load(tensors.get(t), offsets[t]);
            }
            store(out, index, cell.at(operands));
        }, strides);
        return out;
    }

    /** An element in the evaluator's encoding. */
    static long load(ConstantValue value, long index) {
        return value.dtype().isFloating() ? ScalarEvaluator.bits(value.doubleAt(index)) : value.longAt(index);
    }

    static void store(ConstantValue value, long index, long bits) {
        if (value.dtype().isFloating()) {
            value.set(index, Double.longBitsToDouble(bits));
        } else {
            value.set(index, bits);
        }
    }
}
