package dev.kiln.ops.aten;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.schema.OpKind;
import dev.kiln.ops.schema.OpTable.Registry;
import dev.kiln.ops.schema.ShapeFunction;
import dev.kiln.ops.shape.SymInt;
import java.util.List;

/** Ops that make a tensor from sizes and numbers alone. */
final class FactoryOps {
    private static final String OPTIONS =
        "*, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None)"
            + " -> Tensor";

    private FactoryOps() {
    }

    static void register(Registry r) {
        r.op("full.default(SymInt[] size, Scalar fill_value, " + OPTIONS, OpKind.FACTORY,
            ShapeFunction.single(a -> FakeTensor.contiguous(a.dtype(2).orElse(numberType(a.arg(1))),
                a.sizes(0))));
        r.op("arange.start_step(Scalar start, Scalar end, Scalar step=1, " + OPTIONS, OpKind.FACTORY,
            ShapeFunction.single(FactoryOps::arange));
    }

    private static FakeTensor arange(OpArgs a) {
        boolean integral = a.arg(0) instanceof Arg.Int && a.arg(1) instanceof Arg.Int
            && a.arg(2) instanceof Arg.Int;
        DType dtype = a.dtype(3).orElse(integral ? DType.I64 : DType.F32);
        if (integral) {
            SymInt step = a.size(2);
            SymInt span = a.size(1).minus(a.size(0));
            boolean down = step.isConstant() && step.asLong() < 0;
            SymInt length = down ? span.negate().minus(step).plus(-1).floorDiv(step.negate())
                : span.plus(step).plus(-1).floorDiv(step);
            boolean some = a.shapes().provablyAtMost(SymInt.ZERO, length);
            return FakeTensor.contiguous(dtype, List.of(some ? length : length.max(SymInt.ZERO)));
        }
        long length = (long) Math.ceil((a.real(1) - a.real(0)) / a.real(2));
        return FakeTensor.contiguous(dtype, Math.max(0, length));
    }

    private static DType numberType(Arg number) {
        return switch (number) {
            case Arg.Bool ignored -> DType.BOOL;
            case Arg.Int ignored -> DType.I64;
            default -> DType.F32;
        };
    }
}
