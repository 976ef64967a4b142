package dev.kiln.stages.codegen;

import dev.kiln.ops.DType;
import dev.kiln.ops.scalar.Scalar;

/** Numbers as C literals that keep every bit. */
final class CLiterals {
    private CLiterals() {
    }

    static String print(Scalar.Literal literal) {
        return switch (literal.dtype()) {
            case F32, F16, BF16, F8E4M3FN, F8E5M2 -> real((float) literal.real(), Float.toHexString((float) literal.real()) + "f");
            case F64 -> real(literal.real(), Double.toHexString(literal.real()));
            case BOOL -> literal.integer() != 0 ? "1" : "0";
            case U64 -> Long.toUnsignedString(literal.integer()) + "ULL";
            case I64 -> literal.integer() == Long.MIN_VALUE ? "(-9223372036854775807LL - 1)" : literal.integer() + "LL";
            default -> "((" + CTypes.stored(literal.dtype()) + ")" + wrap(literal.integer(), literal.dtype()) + ")";
        };
    }

    private static long wrap(long value, DType dtype) {
        return switch (dtype) {
            case U8 -> value & 0xff;
            case U16 -> value & 0xffff;
            case U32 -> value & 0xffffffffL;
            case I8 -> (byte) value;
            case I16 -> (short) value;
            default -> (int) value;
        };
    }

    /** Decimal where it is short and exact, so that the source stays readable. */
    private static String real(double value, String exact) {
        if (Double.isNaN(value)) {
            return "KILN_NOT_A_NUMBER";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "KILN_INFINITY" : "(-KILN_INFINITY)";
        }
        boolean small = value == Math.rint(value) && Math.abs(value) < 1e9 && !(value == 0 && 1 / value < 0);
        String text = small ? (long) value + (exact.endsWith("f") ? ".0f" : ".0") : exact;
        return value < 0 || exact.startsWith("-") ? "(" + text + ")" : text;
    }
}
