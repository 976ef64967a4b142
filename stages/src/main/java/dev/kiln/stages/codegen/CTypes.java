package dev.kiln.stages.codegen;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;

/** C types of dtypes: as stored in memory, and as computed with. */
final class CTypes {
    private CTypes() {
    }

    static String stored(DType dtype) {
        return switch (dtype) {
            case BOOL, U8 -> "uint8_t";
            case I8 -> "int8_t";
            case I16 -> "int16_t";
            case I32 -> "int32_t";
            case I64 -> "int64_t";
            case F32 -> "float";
            case F64 -> "double";
            case F16, BF16 -> throw new KilnException.Unsupported("arithmetic in " + dtype
                + " is not supported on the CPU; cast the model to f32");
        };
    }

    /** Truth values are computed as int, so that they mix with comparisons. */
    static String computed(DType dtype) {
        return dtype == DType.BOOL ? "int" : stored(dtype);
    }
}
