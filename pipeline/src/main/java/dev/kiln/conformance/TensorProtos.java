package dev.kiln.conformance;

import ai.onnx.proto.OnnxMl.TensorProto;
import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.DType;
import dev.kiln.ops.Float8;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.ConstantValue;
import java.nio.ByteBuffer;
import java.util.List;

/** Tensors of ONNX test data, which hold their values in the message itself. */
final class TensorProtos {
    private TensorProtos() {
    }

    static Tensor read(TensorProto proto) {
        DType dtype = dtype(proto.getDataType());
        List<Long> sizes = proto.getDimsList();
        ConstantValue value = ConstantValue.allocate(dtype, sizes);
        if (proto.hasRawData()) {
            ByteBuffer raw = proto.getRawData().asReadOnlyByteBuffer();
            requireCount(proto, value.data().byteSize(), raw.remaining(), "bytes");
            value.data().asByteBuffer().put(raw);
        } else {
            fill(proto, dtype, value);
        }
        return tensor(value);
    }

    /** The same memory as a tensor. */
    static Tensor tensor(ConstantValue value) {
        long[] shape = value.sizes().stream().mapToLong(Long::longValue).toArray();
        return Tensor.of(value.data(), value.dtype(), shape);
    }

    private static void fill(TensorProto proto, DType dtype, ConstantValue value) {
        requireCount(proto, value.numel(), switch (dtype) {
            case F32 -> proto.getFloatDataCount();
            case F64 -> proto.getDoubleDataCount();
            case I64 -> proto.getInt64DataCount();
            case BOOL, U8, I8, I16, I32, F16, BF16, F8E4M3FN, F8E5M2 -> proto.getInt32DataCount();
        }, "values");
        for (int i = 0; i < value.numel(); i++) {
            switch (dtype) {
                case F32 -> value.set(i, proto.getFloatData(i));
                case F64 -> value.set(i, proto.getDoubleData(i));
                case I64 -> value.set(i, proto.getInt64Data(i));
                case BOOL, U8, I8, I16, I32 -> value.set(i, (long) proto.getInt32Data(i));
                case F16 -> value.set(i, (double) Float.float16ToFloat((short) proto.getInt32Data(i)));
                case BF16 -> value.set(i, (double) Float.intBitsToFloat(proto.getInt32Data(i) << 16));
                case F8E4M3FN, F8E5M2 -> value.set(i, (double) Float8.decode((byte) proto.getInt32Data(i), dtype));
            }
        }
    }

    private static void requireCount(TensorProto proto, long expected, long found, String what) {
        if (expected != found) {
            throw new KilnException.BadInput("test data " + proto.getName() + proto.getDimsList() + " has "
                + found + " " + what + ", not " + expected);
        }
    }

    static DType dtype(int onnx) {
        return switch (TensorProto.DataType.forNumber(onnx)) {
            case FLOAT -> DType.F32;
            case DOUBLE -> DType.F64;
            case FLOAT16 -> DType.F16;
            case BFLOAT16 -> DType.BF16;
            case FLOAT8E4M3FN -> DType.F8E4M3FN;
            case FLOAT8E5M2 -> DType.F8E5M2;
            case UINT8 -> DType.U8;
            case INT8 -> DType.I8;
            case INT16 -> DType.I16;
            case INT32 -> DType.I32;
            case INT64 -> DType.I64;
            case BOOL -> DType.BOOL;
            case null -> throw new KilnException.BadInput("unknown tensor type " + onnx);
            default -> throw new KilnException.Unsupported("tensor type "
                + TensorProto.DataType.forNumber(onnx));
        };
    }
}
