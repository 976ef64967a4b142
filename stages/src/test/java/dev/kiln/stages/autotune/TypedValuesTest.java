package dev.kiln.stages.autotune;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.ops.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** Operands and comparisons of every dtype that a product may have. */
class TypedValuesTest {
    private static final int COUNT = 24_000;
    private static final int DEPTH = 64;

    private static MemorySegment filled(DType dtype) {
        MemorySegment data = Arena.ofAuto().allocate((long) COUNT * dtype.bytes(), 64);
        TypedValues.fill(data, dtype, new Random(1));
        return data;
    }

    private static long difference(MemorySegment wanted, MemorySegment got, DType dtype) {
        return TypedValues.firstDifference(wanted, got, dtype, COUNT, DEPTH, false);
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = {"C64", "C128"})
    void equalResultsAgreeAndFarOnesDoNot(DType dtype) {
        MemorySegment wanted = filled(dtype);
        MemorySegment got = filled(dtype);
        assertThat(difference(wanted, got, dtype)).isEqualTo(-1);
        int at = COUNT - 3;
        MemorySegment element = got.asSlice((long) at * dtype.bytes(), dtype.bytes());
        switch (dtype) {
            case F32 -> element.set(ValueLayout.JAVA_FLOAT, 0, 2);
            case F64 -> element.set(ValueLayout.JAVA_DOUBLE, 0, 2);
            case F16 -> element.set(ValueLayout.JAVA_SHORT, 0, Float.floatToFloat16(2));
            case BF16 -> element.set(ValueLayout.JAVA_SHORT, 0, (short) 0x4000);
            case F8E4M3FN, F8E5M2 -> element.set(ValueLayout.JAVA_BYTE, 0, (byte) 0x58);
            default -> element.set(ValueLayout.JAVA_BYTE, 0, (byte) (element.get(ValueLayout.JAVA_BYTE, 0) ^ 0x42));
        }
        assertThat(difference(wanted, got, dtype)).isEqualTo(at);
    }

    @ParameterizedTest
    @CsvSource({"F32", "F16", "BF16", "I8", "U8", "I32"})
    void whatTheReferenceLeavesOutIsNotCompared(DType dtype) {
        MemorySegment wanted = filled(dtype);
        TypedValues.markUnwritten(wanted.asSlice(0, wanted.byteSize() / 2));
        MemorySegment got = filled(dtype);
        got.asSlice(0, got.byteSize() / 2).fill((byte) 0x11);
        assertThat(difference(wanted, got, dtype)).isEqualTo(-1);
        TypedValues.markUnwritten(got.asSlice(got.byteSize() / 2));
        assertThat(difference(wanted, got, dtype)).as("what a candidate leaves out").isGreaterThanOrEqualTo(COUNT / 2);
    }

    @Test
    void notANumberAgreesWithItselfOnly() {
        MemorySegment wanted = filled(DType.F32);
        MemorySegment got = filled(DType.F32);
        wanted.set(ValueLayout.JAVA_FLOAT, 40, Float.NaN);
        assertThat(difference(wanted, got, DType.F32)).isEqualTo(10);
        got.set(ValueLayout.JAVA_FLOAT, 40, Float.NaN);
        assertThat(difference(wanted, got, DType.F32)).isEqualTo(-1);
    }

    @Test
    void bytesTakeAllValuesAndPlacesAreValid() {
        Set<Byte> bytes = new HashSet<>();
        MemorySegment data = filled(DType.U8);
        for (int i = 0; i < COUNT; i++) {
            bytes.add(data.get(ValueLayout.JAVA_BYTE, i));
        }
        assertThat(bytes).hasSize(256);
        for (long place : filled(DType.I64).toArray(ValueLayout.JAVA_LONG)) {
            assertThat(place).isBetween(0L, 1L);
        }
    }

    @Test
    void roundedBytesMayDifferByOne() {
        MemorySegment wanted = filled(DType.U8);
        MemorySegment got = filled(DType.U8);
        wanted.set(ValueLayout.JAVA_BYTE, 7, (byte) 100);
        got.set(ValueLayout.JAVA_BYTE, 7, (byte) 101);
        assertThat(difference(wanted, got, DType.U8)).isEqualTo(-1);
        got.set(ValueLayout.JAVA_BYTE, 7, (byte) 102);
        assertThat(difference(wanted, got, DType.U8)).isEqualTo(7);
    }
}
