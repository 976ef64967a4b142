package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;

/**
 * What quantised numbers are kept in, and the range that they saturate at. Numbers of 4 bits are kept in 8: ONNX packs
 * two of them into a byte of a file, the graph does not know them.
 */
record QuantizedType(DType dtype, double low, double high) {
    static final int UINT4 = 21;
    static final int INT4 = 22;

    static boolean isFourBits(int code) {
        return code == UINT4 || code == INT4;
    }

    /** By ONNX's number for the type. */
    static QuantizedType of(int code) {
        return switch (code) {
            case UINT4 -> new QuantizedType(DType.U8, 0, 15);
            case INT4 -> new QuantizedType(DType.I8, -8, 7);
            default -> of(OnnxTypes.dtype(code, "the result"));
        };
    }

    static QuantizedType of(DType dtype) {
        return switch (dtype) {
            case U8 -> new QuantizedType(dtype, 0, 255);
            case I8 -> new QuantizedType(dtype, -128, 127);
            case U16 -> new QuantizedType(dtype, 0, 65535);
            case I16 -> new QuantizedType(dtype, -32768, 32767);
            case F8E4M3FN -> new QuantizedType(dtype, -448, 448);
            case F8E5M2 -> new QuantizedType(dtype, -57344, 57344);
            default -> throw new KilnException.Unsupported("quantisation to " + dtype + " is not supported");
        };
    }
}
