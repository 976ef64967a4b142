package dev.kiln.ops;

import java.util.Arrays;
import java.util.Optional;

/** Element types, named as in PyTorch's text form ({@code f32}, {@code i64}, {@code b8}). */
public enum DType {
    BOOL("b8", 1, Kind.BOOLEAN),
    U8("u8", 1, Kind.INTEGRAL),
    I8("i8", 1, Kind.INTEGRAL),
    I16("i16", 2, Kind.INTEGRAL),
    I32("i32", 4, Kind.INTEGRAL),
    I64("i64", 8, Kind.INTEGRAL),
    F16("f16", 2, Kind.FLOATING),
    BF16("bf16", 2, Kind.FLOATING),
    F32("f32", 4, Kind.FLOATING),
    F64("f64", 8, Kind.FLOATING);

    /** The category that type promotion compares first, in rising order. */
    public enum Kind { BOOLEAN, INTEGRAL, FLOATING }

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

    public static Optional<DType> parse(String text) {
        return Arrays.stream(values()).filter(d -> d.text.equals(text)).findFirst();
    }

    @Override
    public String toString() {
        return text;
    }
}
