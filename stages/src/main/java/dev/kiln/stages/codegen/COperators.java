package dev.kiln.stages.codegen;

import dev.kiln.ops.DType;
import dev.kiln.ops.scalar.ScalarOp;
import java.util.List;
import java.util.Locale;

/** Scalar operations as C expressions over already printed arguments. */
final class COperators {
    private COperators() {
    }

    /** @param type dtype of the arguments; for casts, the dtype that is cast from */
    static String print(ScalarOp op, List<String> x, DType type, DType result) {
        return op == ScalarOp.CAST ? cast(x.getFirst(), type, result)
            : print(op, x, CTypes.arithmetic(type));
    }

    private static String print(ScalarOp op, List<String> x, DType type) {
        return switch (op) {
            case ADD, SUB, MUL -> arithmetic(op, x, type);
            case DIV -> type.isFloating() ? infix("/", x) : checked("div", x, type);
            case FLOOR_DIV -> type.isFloating() ? call("kiln_floor_div_" + type, x) : checked("floor_div", x, type);
            case REMAINDER -> type.isFloating() ? call("kiln_remainder_" + type, x) : checked("remainder", x, type);
            case FMOD -> type.isFloating() ? elementary("fmod", x, type) : checked("fmod", x, type);
            case POW -> type.isFloating() ? elementary("pow", x, type) : call("kiln_pow_" + type, x);
            case MAX -> type.isFloating() ? call("kiln_max_" + type, x) : select(infix(">", x), x);
            case MIN -> type.isFloating() ? call("kiln_min_" + type, x) : select(infix("<", x), x);
            case BIT_AND, AND -> infix("&", x);
            case BIT_OR, OR -> infix("|", x);
            case BIT_XOR, XOR -> infix("^", x);
            case SHIFT_LEFT -> wrapped("kiln_shift_left(" + shift(x, type) + ")", type);
            case SHIFT_RIGHT -> type == DType.U64 ? call("kiln_shift_right_u64", x)
                : wrapped("kiln_shift_right(" + shift(x, type) + ")", type);
            case EQ -> infix("==", x);
            case NE -> infix("!=", x);
            case LT -> infix("<", x);
            case LE -> infix("<=", x);
            case GT -> infix(">", x);
            case GE -> infix(">=", x);
            case NOT -> "!" + x.getFirst();
            case IS_NAN -> x.getFirst() + " != " + x.getFirst();
            case IS_INF -> call("__builtin_fabs" + suffix(type), x) + " == KILN_INFINITY";
            case BIT_NOT -> "(" + CTypes.stored(type) + ")~" + x.getFirst();
            case NEG -> type.isFloating() ? "-" + x.getFirst() : wrapped("0 - (uint64_t)" + x.getFirst(), type);
            case ABS -> type.isFloating() ? call("__builtin_fabs" + suffix(type), x)
                : x.getFirst() + " < 0 ? " + wrapped("0 - (uint64_t)" + x.getFirst(), type) + " : " + x.getFirst();
            case SIGN -> sign(x.getFirst(), type);
            case SQRT -> call("__builtin_sqrt" + suffix(type), x);
            case RSQRT -> one(type) + " / __builtin_sqrt" + suffix(type) + "(" + x.getFirst() + ")";
            case RECIPROCAL -> one(type) + " / " + x.getFirst();
            case FLOOR, CEIL, TRUNC -> call("kiln_" + op.text() + suffix(type), x);
            case ROUND -> call("kiln_roundeven" + suffix(type), x);
            case CHECK_INDEX -> "kiln_check_index(" + x.get(0) + ", " + x.get(1) + ", args->failed)";
            case SELECT -> x.get(0) + " ? " + x.get(1) + " : " + x.get(2);
            default -> elementary(op.name().toLowerCase(Locale.ROOT), x, type);
        };
    }

    private static String arithmetic(ScalarOp op, List<String> x, DType type) {
        String sign = op == ScalarOp.ADD ? "+" : op == ScalarOp.SUB ? "-" : "*";
        if (type.isFloating()) {
            return infix(sign, x);
        }
        return wrapped("(uint64_t)" + x.get(0) + " " + sign + " (uint64_t)" + x.get(1), type);
    }

    private static String shift(List<String> x, DType type) {
        return x.get(0) + ", " + x.get(1) + ", " + 8 * type.bytes();
    }

    /** Signed overflow wraps, which C leaves open. */
    private static String wrapped(String unsigned, DType type) {
        return "(" + CTypes.stored(type) + ")(" + unsigned + ")";
    }

    private static String cast(String x, DType from, DType to) {
        if (to == DType.BOOL) {
            return from == DType.BOOL ? x : x + " != 0";
        }
        if (CTypes.isHalf(to)) {
            return CTypes.loaded(CTypes.storing("(float)" + x, to), to);
        }
        if (to == DType.U64 && from.isFloating()) {
            return "kiln_to_u64(" + x + ")";
        }
        boolean narrow = from.isFloating() && (to.bytes() < 4 || to == DType.U32);
        return "(" + CTypes.stored(to) + ")" + (narrow ? "(int64_t)" : "") + x;
    }

    /** 0 for NaN, as in PyTorch. */
    private static String sign(String x, DType type) {
        return "(" + CTypes.stored(type) + ")((" + x + " > 0) - (" + x + " < 0))";
    }

    private static String elementary(String name, List<String> x, DType type) {
        return call("kiln_" + name + suffix(type), x);
    }

    private static String checked(String name, List<String> x, DType type) {
        return "kiln_" + name + "_" + type + "(" + x.get(0) + ", " + x.get(1) + ", args->failed)";
    }

    private static String select(String condition, List<String> x) {
        return condition + " ? " + x.get(0) + " : " + x.get(1);
    }

    private static String infix(String sign, List<String> x) {
        return x.get(0) + " " + sign + " " + x.get(1);
    }

    private static String call(String function, List<String> x) {
        return function + "(" + String.join(", ", x) + ")";
    }

    private static String one(DType type) {
        return type == DType.F32 ? "1.0f" : "1.0";
    }

    private static String suffix(DType type) {
        return type == DType.F32 ? "f" : "";
    }
}
