package dev.kiln.stages.trace.onnx;

import ai.onnx.proto.OnnxMl.TensorProto;
import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.stages.trace.AlignedData;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * Turns tensors of the file into constants; raw data stays where it is if its address suits the element type.
 */
final class TensorReader {
    private final ExternalData external;

    TensorReader(ExternalData external) {
        this.external = external;
    }

    ConstantValue read(TensorProto tensor) {
        String what = "tensor \"" + tensor.getName() + "\"";
        DType dtype = OnnxTypes.dtype(tensor.getDataType(), what);
        List<Long> sizes = tensor.getDimsList();
        long numel = numel(sizes, what);
        if (QuantizedType.isFourBits(tensor.getDataType())) {
            return FourBits.unpacked(tensor.getDataType() == QuantizedType.INT4, sizes, numel,
                packed(what, tensor, (numel + 1) / 2));
        }
        if (tensor.getDataLocation() == TensorProto.DataLocation.EXTERNAL) {
            return raw(what, dtype, sizes, numel, external.read(tensor, numel * dtype.bytes()));
        }
        if (tensor.hasRawData()) {
            MemorySegment data = MemorySegment.ofBuffer(tensor.getRawData().asReadOnlyByteBuffer());
            return raw(what, dtype, sizes, numel, data);
        }
        return typed(what, tensor, dtype, numel);
    }

    /** Two numbers of 4 bits a byte, from wherever they lie. */
    private MemorySegment packed(String what, TensorProto tensor, long bytes) {
        MemorySegment data;
        if (tensor.getDataLocation() == TensorProto.DataLocation.EXTERNAL) {
            data = external.read(tensor, bytes);
        } else if (tensor.hasRawData()) {
            data = MemorySegment.ofBuffer(tensor.getRawData().asReadOnlyByteBuffer());
        } else {
            byte[] typed = new byte[tensor.getInt32DataCount()];
            for (int i = 0; i < typed.length; i++) {
                typed[i] = (byte) tensor.getInt32Data(i);
            }
            data = MemorySegment.ofArray(typed);
        }
        if (data.byteSize() != bytes) {
            throw new KilnException.BadInput(what + ": " + tensor.getDimsList() + " of 4 bits takes " + bytes
                + " bytes, the file has " + data.byteSize());
        }
        return data;
    }

    private static long numel(List<Long> sizes, String what) {
        long numel = 1;
        for (long size : sizes) {
            if (size < 0 || size > 0 && numel > Long.MAX_VALUE / 8 / size) {
                throw new KilnException.BadInput(what + " has impossible sizes " + sizes);
            }
            numel *= size;
        }
        return numel;
    }

    private static ConstantValue raw(String what, DType dtype, List<Long> sizes, long numel,
            MemorySegment data) {
        long expected = numel * dtype.bytes();
        if (data.byteSize() != expected) {
            throw new KilnException.BadInput(what + ": " + dtype + sizes + " takes " + expected
                + " bytes, the file has " + data.byteSize());
        }
        return new ConstantValue(dtype, sizes, AlignedData.of(data, dtype));
    }

    /** From the repeated fields, one for each class of element types. */
    private static ConstantValue typed(String what, TensorProto tensor, DType dtype, long numel) {
        int count = switch (dtype) {
            case F32 -> tensor.getFloatDataCount();
            case F64 -> tensor.getDoubleDataCount();
            case I64 -> tensor.getInt64DataCount();
            case U32, U64 -> tensor.getUint64DataCount();
            case BOOL, U8, U16, I8, I16, I32, F16, BF16, F8E4M3FN, F8E5M2 -> tensor.getInt32DataCount();
            case C64, C128 -> throw new KilnException.Unsupported(what + ": complex tensors are not supported in ONNX");
        };
        if (count != numel) {
            throw new KilnException.BadInput(what + ": " + dtype + tensor.getDimsList() + " takes " + numel
                + " values, the file has " + count);
        }
        ConstantValue into = ConstantValue.allocate(dtype, tensor.getDimsList());
        for (int i = 0; i < count; i++) {
            switch (dtype) {
                case F32 -> into.set(i, tensor.getFloatData(i));
                case F64 -> into.set(i, tensor.getDoubleData(i));
                case I64 -> into.set(i, tensor.getInt64Data(i));
                case U32, U64 -> into.set(i, tensor.getUint64Data(i));
                case BOOL, U8, U16, I8, I16, I32 -> into.set(i, (long) tensor.getInt32Data(i));
                case F16, BF16 -> into.data().set(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i,
                    (short) tensor.getInt32Data(i));
                case F8E4M3FN, F8E5M2 -> into.data().set(ValueLayout.JAVA_BYTE, i,
                    (byte) tensor.getInt32Data(i));
                case C64, C128 -> throw new IllegalStateException("refused above");
            }
        }
        return into;
    }
}
