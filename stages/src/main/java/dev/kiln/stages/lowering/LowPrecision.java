package dev.kiln.stages.lowering;

import dev.kiln.ops.DType;
import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.scalar.ScalarOp;
import dev.kiln.ops.scalar.Storage;
import java.util.List;

/** Casts to f16 or bf16 and back to f32 that {@code emulate_precision_casts} asks for. */
final class LowPrecision {
    private LowPrecision() {
    }

    /** The value as memory would keep it. What is rounded already stays as it is. */
    static Scalar rounded(Scalar value) {
        boolean low = value.dtype() == DType.F16 || value.dtype() == DType.BF16;
        return !low || isRounded(value) ? value : new Scalar.Apply(ScalarOp.CAST, List.of(value), value.dtype());
    }

    /** Loads and casts are; so is what only chooses among rounded values or changes a sign. */
    private static boolean isRounded(Scalar value) {
        return switch (value) {
            case Scalar.Literal literal -> Storage.round(literal.real(), literal.dtype()) == literal.real();
            case Scalar.Load ignored -> true;
            case Scalar.Gather ignored -> true;
            case Scalar.Apply(ScalarOp op, List<Scalar> args, DType ignored) -> switch (op) {
                case CAST -> true;
                case NEG, ABS -> isRounded(args.getFirst());
                case MAX, MIN -> isRounded(args.get(0)) && isRounded(args.get(1));
                case SELECT -> isRounded(args.get(1)) && isRounded(args.get(2));
                default -> false;
            };
            default -> false;
        };
    }
}
