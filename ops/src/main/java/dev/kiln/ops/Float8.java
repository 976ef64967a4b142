package dev.kiln.ops;

/** Conversion of the two 8-bit floating formats; rounding is to nearest, ties to even, as in PyTorch. */
public final class Float8 {
    private static final int SIGN = 0x80;

    private Float8() {
    }

    /** A float in the given format; what is too large becomes 448 in e4m3fn and infinity in e5m2. */
    public static byte encode(float value, DType dtype) {
        int bits = Float.floatToRawIntBits(value);
        int magnitude = bits & 0x7fffffff;
        int code = dtype == DType.F8E4M3FN ? e4m3fn(magnitude) : e5m2(magnitude);
        return (byte) (code | bits >>> 24 & SIGN);
    }

    /** The value of a code. */
    public static float decode(byte code, DType dtype) {
        return dtype == DType.F8E4M3FN ? fromE4m3fn(code) : Float.float16ToFloat((short) (code << 8));
    }

    private static int e4m3fn(int magnitude) {
        if (magnitude >= 0x43e00000) {
            return magnitude > 0x7f800000 ? 0x7f : 0x7e;
        }
        return magnitude < 0x3c800000 ? tiny(magnitude, 0x1p14f) : rounded(magnitude, 20, 120);
    }

    private static int e5m2(int magnitude) {
        if (magnitude >= 0x47800000) {
            return magnitude > 0x7f800000 ? 0x7f : 0x7c;
        }
        return magnitude < 0x38800000 ? tiny(magnitude, 0x1p7f) : rounded(magnitude, 21, 112);
    }

    /** Adding a number whose last place is the format's smallest step rounds to that step. */
    private static int tiny(int magnitude, float step) {
        return Float.floatToRawIntBits(Float.intBitsToFloat(magnitude) + step) - Float.floatToRawIntBits(step);
    }

    private static int rounded(int magnitude, int dropped, int bias) {
        int half = (1 << dropped - 1) - 1;
        return magnitude + half + (magnitude >>> dropped & 1) - (bias << 23) >>> dropped;
    }

    private static float fromE4m3fn(byte code) {
        int magnitude = code & 0x7f;
        float value = magnitude == 0x7f ? Float.NaN : Float.intBitsToFloat(magnitude << 20) * 0x1p120f;
        return code < 0 ? -value : value;
    }
}
