package dev.kiln.ops.scalar;

import dev.kiln.ops.DType;
import dev.kiln.ops.Float8;

/** What memory keeps of a floating-point number. */
public final class Storage {
    private Storage() {
    }

    /** The nearest number that the dtype has, ties to even. */
    public static double round(double value, DType dtype) {
        return switch (dtype) {
            case F16 -> Float.float16ToFloat(Float.floatToFloat16((float) value));
            case BF16 -> bfloat16((float) value);
            case F8E4M3FN, F8E5M2 -> Float8.decode(Float8.encode((float) value, dtype), dtype);
            case F32 -> (float) value;
            default -> value;
        };
    }

    private static float bfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        return Float.isNaN(value) ? value
            : Float.intBitsToFloat((bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff0000);
    }
}
