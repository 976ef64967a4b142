package dev.kiln.stages.trace.onnx;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;

/** ONNX's numbers for element types; numbers of 4 bits are kept in 8. */
final class OnnxTypes {
    private OnnxTypes() {
    }

    static DType dtype(int code, String what) {
        return switch (code) {
            case DataType.FLOAT_VALUE -> DType.F32;
            case DataType.DOUBLE_VALUE -> DType.F64;
            case DataType.FLOAT16_VALUE -> DType.F16;
            case DataType.BFLOAT16_VALUE -> DType.BF16;
            case DataType.FLOAT8E4M3FN_VALUE -> DType.F8E4M3FN;
            case DataType.FLOAT8E5M2_VALUE -> DType.F8E5M2;
            case DataType.INT64_VALUE -> DType.I64;
            case DataType.INT32_VALUE -> DType.I32;
            case DataType.INT16_VALUE -> DType.I16;
            case DataType.INT8_VALUE -> DType.I8;
            case QuantizedType.INT4 -> DType.I8;
            case QuantizedType.UINT4 -> DType.U8;
            case DataType.UINT8_VALUE -> DType.U8;
            case DataType.UINT16_VALUE -> DType.U16;
            case DataType.UINT32_VALUE -> DType.U32;
            case DataType.UINT64_VALUE -> DType.U64;
            case DataType.BOOL_VALUE -> DType.BOOL;
            default -> throw new KilnException.Unsupported(what + " has element type " + name(code)
                + ", which is not supported");
        };
    }

    private static String name(int code) {
        DataType type = DataType.forNumber(code);
        return type == null ? Integer.toString(code) : type.name();
    }
}
