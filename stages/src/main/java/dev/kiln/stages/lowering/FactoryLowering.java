package dev.kiln.stages.lowering;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.scalar.ScalarOp;
import dev.kiln.ops.shape.SymInt;

/** Factories become formulas of the index alone. */
final class FactoryLowering {
    private FactoryLowering() {
    }

    static Value lower(CallLowering c) {
        DType dtype = c.result().dtype();
        return switch (c.op()) {
            case "aten.full.default" -> {
                Scalar fill = number(c.call().arg(1)).stored(dtype);
                yield new Value.Computed(dtype, c.result().sizes(), index -> fill);
            }
            case "aten.arange.start_step" -> {
                DType compute = dtype.isFloating() ? DType.F64 : DType.I64;
                Scalar start = number(c.call().arg(0)).cast(compute);
                Scalar step = number(c.call().arg(2)).cast(compute);
                yield new Value.Computed(dtype, c.result().sizes(), index -> Scalar.of(ScalarOp.ADD, start,
                    Scalar.of(ScalarOp.MUL, new Scalar.Index(index.getFirst()).cast(compute), step)).cast(dtype));
            }
            default -> throw new IllegalStateException("no lowering of factory " + c.op());
        };
    }

    private static Scalar number(Arg arg) {
        return switch (arg) {
            case Arg.Int(SymInt value) -> value.isConstant() ? Scalar.literal(value.asLong(), DType.I64)
                : new Scalar.Index(value);
            case Arg.Real(double value) -> Scalar.literal(value, DType.F64);
            case Arg.Bool(boolean value) -> Scalar.literal(value ? 1 : 0, DType.BOOL);
            default -> throw new IllegalArgumentException("not a number: " + arg);
        };
    }
}
