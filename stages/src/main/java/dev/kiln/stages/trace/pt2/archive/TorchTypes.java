package dev.kiln.stages.trace.pt2.archive;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import java.util.Map;
import java.util.Optional;

/** Element types by the names and numbers that PyTorch's files use. */
public final class TorchTypes {
    private static final Map<String, String> NAMES = Map.ofEntries(
        Map.entry("torch.DoubleStorage", "f64"), Map.entry("torch.float64", "f64"),
        Map.entry("torch.FloatStorage", "f32"), Map.entry("torch.float32", "f32"),
        Map.entry("torch.HalfStorage", "f16"), Map.entry("torch.float16", "f16"),
        Map.entry("torch.BFloat16Storage", "bf16"), Map.entry("torch.bfloat16", "bf16"),
        Map.entry("torch.LongStorage", "i64"), Map.entry("torch.int64", "i64"),
        Map.entry("torch.IntStorage", "i32"), Map.entry("torch.int32", "i32"),
        Map.entry("torch.ShortStorage", "i16"), Map.entry("torch.int16", "i16"),
        Map.entry("torch.CharStorage", "i8"), Map.entry("torch.int8", "i8"),
        Map.entry("torch.ByteStorage", "u8"), Map.entry("torch.uint8", "u8"),
        Map.entry("torch.BoolStorage", "b8"), Map.entry("torch.bool", "b8"),
        Map.entry("torch.ComplexFloatStorage", "c64"), Map.entry("torch.complex64", "c64"),
        Map.entry("torch.ComplexDoubleStorage", "c128"), Map.entry("torch.complex128", "c128"),
        Map.entry("torch.uint16", "u16"), Map.entry("torch.uint32", "u32"),
        Map.entry("torch.uint64", "u64"), Map.entry("torch.float8_e4m3fn", "f8e4m3fn"),
        Map.entry("torch.float8_e5m2", "f8e5m2"), Map.entry("torch.float8_e4m3fnuz", "float8_e4m3fnuz"),
        Map.entry("torch.float8_e5m2fnuz", "float8_e5m2fnuz"));

    /** By the serialised number, which is not c10's: {@code ScalarType} of the export schema. */
    private static final Map<Long, String> NUMBERS = Map.ofEntries(
        Map.entry(1L, "u8"), Map.entry(2L, "i8"), Map.entry(3L, "i16"), Map.entry(4L, "i32"),
        Map.entry(5L, "i64"), Map.entry(6L, "f16"), Map.entry(7L, "f32"), Map.entry(8L, "f64"),
        Map.entry(9L, "complex32"), Map.entry(10L, "c64"), Map.entry(11L, "c128"),
        Map.entry(12L, "b8"), Map.entry(13L, "bf16"), Map.entry(28L, "u16"),
        Map.entry(29L, "f8e4m3fn"), Map.entry(30L, "f8e5m2"), Map.entry(31L, "float8_e4m3fnuz"),
        Map.entry(32L, "float8_e5m2fnuz"), Map.entry(33L, "float8_e8m0fnu"), Map.entry(34L, "u32"),
        Map.entry(35L, "u64"));

    private TorchTypes() {
    }

    /** The type that a Python class or dtype stands for, in Kiln's or else PyTorch's spelling. */
    static Optional<String> of(String name) {
        return Optional.ofNullable(NAMES.get(name));
    }

    /** @throws KilnException if Kiln has no such type */
    static DType named(String what, String name) {
        return kiln(what, of(name).orElseThrow(
            () -> new KilnException.BadInput(what + ": '" + name + "' is no element type")));
    }

    /** @throws KilnException if Kiln has no such type */
    public static DType numbered(String what, long number) {
        String name = NUMBERS.get(number);
        if (name == null) {
            throw new KilnException.BadInput(what + ": " + number + " is no element type");
        }
        return kiln(what, name);
    }

    private static DType kiln(String what, String name) {
        return DType.parse(name).orElseThrow(
            () -> new KilnException.Unsupported(what + ": element type " + name + " is not supported"));
    }
}
