package dev.kiln.stages.codegen;

import dev.kiln.ops.DType;

/** C types of dtypes: as stored in memory, and as computed with. */
final class CTypes {
    private CTypes() {
    }

    /** Kernels see the parts of complex numbers, two an element. */
    static String stored(DType dtype) {
        return switch (dtype) {
            case BOOL, U8 -> "uint8_t";
            case U16 -> "uint16_t";
            case U32 -> "uint32_t";
            case U64 -> "uint64_t";
            case I8 -> "int8_t";
            case I16 -> "int16_t";
            case I32 -> "int32_t";
            case I64 -> "int64_t";
            case F32 -> "float";
            case F64 -> "double";
            case F16, BF16 -> "uint16_t";
            case F8E4M3FN, F8E5M2 -> "uint8_t";
            case C64, C128 -> stored(dtype.part());
        };
    }

    /** Truth values are computed as int, so that they mix with comparisons; half precisions as float. */
    static String computed(DType dtype) {
        return dtype == DType.BOOL ? "int" : stored(arithmetic(dtype));
    }

    /** The dtype that arithmetic is done in. */
    static DType arithmetic(DType dtype) {
        return isHalf(dtype) ? DType.F32 : dtype;
    }

    static boolean isHalf(DType dtype) {
        return dtype.isReduced();
    }

    /** An element in memory as a value to compute with. */
    static String loaded(String element, DType dtype) {
        return dtype == DType.BOOL ? element + " != 0"
            : isHalf(dtype) ? "kiln_from_" + dtype + "(" + element + ")" : element;
    }

    /** A computed value as an element in memory. */
    static String storing(String value, DType dtype) {
        return isHalf(dtype) ? "kiln_to_" + dtype + "(" + value + ")" : value;
    }
}
