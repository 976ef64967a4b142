package dev.kiln.stages.lowering;

import dev.kiln.ops.DType;
import dev.kiln.ops.aten.ComplexOps;
import dev.kiln.ops.aten.DetectionOps;
import dev.kiln.ops.aten.RecurrentOps;
import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.scalar.ScalarOp;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Running folds, sorting and writes by index: nodes whose lines along one dimension are walked in order. */
final class SequentialLowering {
    private SequentialLowering() {
    }

    static List<Value> lower(CallLowering c) {
        return switch (c.op()) {
            case "aten.cumsum.default" -> List.of(scan(c, ScanOp.SUM));
            case "aten.cumprod.default" -> List.of(scan(c, ScanOp.PROD));
            case "aten.logcumsumexp.default" -> List.of(scan(c, ScanOp.LOG_SUM_EXP));
            case "aten.cummax.default" -> extremes(c, ScanOp.ARGMAX);
            case "aten.cummin.default" -> extremes(c, ScanOp.ARGMIN);
            case "aten.sort.stable" -> sort(c, Optional.empty(), c.args().bool(3));
            case "aten.topk.default" -> sort(c, Optional.of(c.args().size(1)), c.args().bool(3));
            case "aten.scatter.src" -> List.of(scatter(c, Optional.empty()));
            case "aten.scatter.reduce" -> List.of(scatter(c, Optional.of(operation(c.args().string(4)))));
            case RecurrentOps.RECURRENT -> List.of(recurrent(c));
            case DetectionOps.SUPPRESS -> List.of(suppression(c));
            case ComplexOps.TRANSFORM, ComplexOps.OF_REALS, ComplexOps.TO_REALS -> List.of(FourierLowering.lower(c));
            default -> throw new IllegalStateException("no lowering of " + c.op());
        };
    }

    /** A tensor's lines along one dimension: the other sizes, and the index of element r0 of line i. */
    private record Lines(List<SymInt> sizes, SymInt count, List<SymInt> index, int dim) {
        static Lines of(List<SymInt> sizes, int dim) {
            List<SymInt> others = new ArrayList<>(sizes);
            SymInt count = others.remove(dim);
            List<SymInt> index = new ArrayList<>(LoopVars.outputs(others.size()));
            index.add(dim, LoopVars.reduced(0));
            return new Lines(others, count, index, dim);
        }
    }

    private static Value vector(CallLowering c, Value value) {
        return value.rank() == 0 ? ViewLowering.reshape(c, value, List.of(SymInt.ONE)) : value;
    }

    /** The result as the call promises it: without dimensions if the operand has none. */
    private static Value shaped(CallLowering c, Value value, int output) {
        return ViewLowering.reshape(c, value, c.call().output(output).sizes());
    }

    private static Value scan(CallLowering c, ScanOp op) {
        Value self = vector(c, c.value(0));
        Buffer result = c.lowering().allocate(c.call().name(), c.result().dtype(), self.sizes());
        scan(c, op, self, result);
        return shaped(c, GraphLowering.whole(result), 0);
    }

    private static void scan(CallLowering c, ScanOp op, Value self, Buffer result) {
        Lines lines = Lines.of(self.sizes(), c.args().dim(1, self.rank()));
        Scalar element = self.load(lines.index);
        boolean places = op == ScanOp.ARGMAX || op == ScanOp.ARGMIN;
        c.lowering().add(new LoopNode.Scan(result, lines.sizes, lines.count,
            LoopVars.offset(lines.index, result.strides()), op, places ? element : element.cast(result.dtype()),
            List.copyOf(c.origins())));
    }

    private static List<Value> extremes(CallLowering c, ScanOp op) {
        Value.Strided self = (Value.Strided) vector(c, c.realized(0));
        Buffer places = c.lowering().allocate(c.call().name() + "_places", DType.I64, self.sizes());
        scan(c, op, self, places);
        Value values = IndexingLowering.picked(self, c.args().dim(1, self.rank()), GraphLowering.whole(places));
        return List.of(shaped(c, values, 0), shaped(c, GraphLowering.whole(places), 1));
    }

    /** @param kept how many of the first elements; all if empty */
    private static List<Value> sort(CallLowering c, Optional<SymInt> kept, boolean descending) {
        Value.Strided self = (Value.Strided) vector(c, c.realized(0));
        int dim = c.args().dim(2, self.rank());
        Lines lines = Lines.of(self.sizes(), dim);
        List<SymInt> sizes = new ArrayList<>(self.sizes());
        sizes.set(dim, kept.orElse(lines.count));
        Buffer places = c.lowering().allocate(c.call().name() + "_places", DType.I64, sizes);
        Buffer scratch = c.lowering().allocate(c.call().name() + "_scratch", DType.I64,
            List.of(SymInt.product(self.sizes()).times(2)));
        c.lowering().add(new LoopNode.Sort(places, scratch, lines.sizes, lines.count, sizes.get(dim),
            LoopVars.offset(lines.index, places.strides()), descending, (Scalar.Load) self.load(lines.index),
            List.copyOf(c.origins())));
        Value values = IndexingLowering.picked(self, dim, GraphLowering.whole(places));
        return List.of(shaped(c, values, 0), shaped(c, GraphLowering.whole(places), 1));
    }

    private static Value recurrent(CallLowering c) {
        List<Operand> operands = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            operands.add(c.dense(c.value(i)).operand());
        }
        Optional<Operand> lengths = c.isNone(5) ? Optional.empty() : Optional.of(c.dense(c.value(5)).operand());
        List<SymInt> sizes = c.result().sizes();
        Buffer result = c.lowering().allocate(c.call().name(), c.result().dtype(), sizes);
        Buffer scratch = c.lowering().allocate(c.call().name() + "_scratch", c.result().dtype(),
            List.of(SymInt.of(LoopNode.Recurrent.STATES), sizes.get(1), sizes.get(2)));
        c.lowering().add(new LoopNode.Recurrent(result, scratch, operands, lengths, RecurrentOps.mode(c.args()),
            c.args().bool(7), List.copyOf(c.origins())));
        return GraphLowering.whole(result);
    }

    private static Value suppression(CallLowering c) {
        List<Operand> operands = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            operands.add(c.dense(c.value(i)).operand());
        }
        Buffer result = c.allocateResult(c.result().sizes());
        c.lowering().add(new LoopNode.Suppression(result, operands.get(0), operands.get(1), operands.get(2),
            c.args().integer(3), List.copyOf(c.origins())));
        return GraphLowering.whole(result);
    }

    private static ScalarOp operation(String reduce) {
        return switch (reduce) {
            case "add" -> ScalarOp.ADD;
            case "multiply" -> ScalarOp.MUL;
            case "amax" -> ScalarOp.MAX;
            default -> ScalarOp.MIN;
        };
    }

    private static Value scatter(CallLowering c, Optional<ScalarOp> op) {
        Value self = vector(c, c.value(0));
        Buffer result = c.lowering().allocate(c.call().name(), c.result().dtype(), self.sizes());
        c.lowering().fill(result, self, c.origins());
        if (!SymInt.product(c.value(2).sizes()).is(0)) {
            Value index = vector(c, c.value(2));
            Lines lines = Lines.of(index.sizes(), c.args().dim(1, self.rank()));
            List<SymInt> target = new ArrayList<>(lines.index);
            target.set(lines.dim, SymInt.symbol("_0"));
            c.lowering().add(new LoopNode.Scatter(result, lines.sizes, lines.count,
                LoopVars.offset(target, result.strides()),
                IndexingLowering.checked(index.load(lines.index), self.sizes().get(lines.dim)), op,
                vector(c, c.value(3)).load(lines.index), List.copyOf(c.origins())));
        }
        return shaped(c, GraphLowering.whole(result), 0);
    }
}
