package dev.kiln.ops;

import java.util.Arrays;
import java.util.Optional;

/** Element types, named as in PyTorch's text form ({@code f32}, {@code i64}, {@code b8}). */
public enum DType {
    BOOL("b8", 1, Kind.BOOLEAN),
    U8("u8", 1, Kind.INTEGRAL),
    U16("u16", 2, Kind.INTEGRAL),
    U32("u32", 4, Kind.INTEGRAL),
    U64("u64", 8, Kind.INTEGRAL),
    I8("i8", 1, Kind.INTEGRAL),
    I16("i16", 2, Kind.INTEGRAL),
    I32("i32", 4, Kind.INTEGRAL),
    I64("i64", 8, Kind.INTEGRAL),
    F16("f16", 2, Kind.FLOATING),
    BF16("bf16", 2, Kind.FLOATING),
    F32("f32", 4, Kind.FLOATING),
    F64("f64", 8, Kind.FLOATING),
    /** 4 bits of exponent, 3 of mantissa, no infinities (PyTorch's {@code float8_e4m3fn}); for conversion only. */
    F8E4M3FN("f8e4m3fn", 1, Kind.FLOATING),
    /** 5 bits of exponent, 2 of mantissa (PyTorch's {@code float8_e5m2}); for conversion only. */
    F8E5M2("f8e5m2", 1, Kind.FLOATING),
    /** Real and imaginary part in f32, one after the other (PyTorch's {@code complex64}). */
    C64("c64", 8, Kind.COMPLEX),
    /** Real and imaginary part in f64 (PyTorch's {@code complex128}). */
    C128("c128", 16, Kind.COMPLEX);

    /** The category that type promotion compares first, in rising order. */
    public enum Kind { BOOLEAN, INTEGRAL, FLOATING, COMPLEX }

    private final String text;
    private final int bytes;
    private final Kind kind;

    DType(String text, int bytes, Kind kind) {
        this.text = text;
        this.bytes = bytes;
        this.kind = kind;
    }

    /** Short name, as it stands in graph text and in {@code CompiledGraph}. */
    public String text() {
        return text;
    }

    /** Bytes per element. */
    public int bytes() {
        return bytes;
    }

    public Kind kind() {
        return kind;
    }

    public boolean isFloating() {
        return kind == Kind.FLOATING;
    }

    public boolean isComplex() {
        return kind == Kind.COMPLEX;
    }

    /** The dtype of a complex number's parts; any other dtype is its own. */
    public DType part() {
        return this == C64 ? F32 : this == C128 ? F64 : this;
    }

    /** The complex dtype whose parts hold this one's numbers. */
    public DType complex() {
        return isComplex() ? this : this == F64 ? C128 : C64;
    }

    /** Whether this is a floating dtype of 8 bits. */
    public boolean isFloat8() {
        return this == F8E4M3FN || this == F8E5M2;
    }

    /** Whether this is a floating dtype that is computed in f32. */
    public boolean isReduced() {
        return isFloating() && bytes < 4;
    }

    /** Whether it is an integral type without negative values. */
    public boolean isUnsigned() {
        return this == U8 || this == U16 || this == U32 || this == U64;
    }

    /** The value of 64 bits without a sign. */
    public static double unsigned(long bits) {
        return bits >= 0 ? bits : ((bits >>> 1) | (bits & 1)) * 2.0;
    }

    public static Optional<DType> parse(String text) {
        return Arrays.stream(values()).filter(d -> d.text.equals(text)).findFirst();
    }

    @Override
    public String toString() {
        return text;
    }
}
