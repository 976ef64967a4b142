package dev.kiln.kernels.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class TensorTest {
    private static final Tensor MATRIX = Tensor.ofFloats(new float[] {0, 1, 2, 3, 4, 5}, 2, 3);

    @Test
    void isAlignedNativeMemory() {
        assertThat(MATRIX.data().isNative()).isTrue();
        assertThat(MATRIX.data().address() % Tensor.ALIGNMENT).isZero();
        assertThat(MATRIX.shape()).containsExactly(2, 3);
        assertThat(MATRIX.strides()).containsExactly(3, 1);
        assertThat(MATRIX.numel()).isEqualTo(6);
        assertThat(MATRIX).hasToString("f32[2, 3]");
    }

    @Test
    void transposedViewPacksIntoRowMajorOrder() {
        Tensor transposed = Tensor.of(MATRIX.data(), DType.F32, new long[] {3, 2}, new long[] {1, 3});
        assertThat(transposed.isContiguous()).isFalse();
        assertThat(transposed.toFloatArray()).containsExactly(0, 3, 1, 4, 2, 5);
        assertThat(transposed.contiguous().isContiguous()).isTrue();
        assertThat(MATRIX.contiguous()).isSameAs(MATRIX);
    }

    @Test
    void expandedViewRepeatsElements() {
        Tensor expanded = Tensor.of(MATRIX.data(), DType.F32, new long[] {2, 2, 2}, new long[] {0, 1, 3});
        assertThat(expanded.toFloatArray()).containsExactly(0, 3, 1, 4, 0, 3, 1, 4);
    }

    @Test
    void stridesOfSizeOneDoNotMatter() {
        assertThat(Tensor.of(MATRIX.data(), DType.F32, new long[] {1, 6}, new long[] {77, 1}).isContiguous())
                .isTrue();
        assertThat(Tensor.of(MATRIX.data(), DType.F32, new long[] {5, 0}, new long[] {9, 9}).isContiguous())
                .isTrue();
    }

    @Test
    void scalarsAndEmptyTensors() {
        assertThat(Tensor.ofLongs(new long[] {42}).toLongArray()).containsExactly(42);
        assertThat(Tensor.ofInts(new int[0], 0, 3).toIntArray()).isEmpty();
    }

    @Test
    void roundsToSixteenBitFloats() {
        float[] values = {1, -2.5f, 1.00390625f, 1.01171875f, Float.POSITIVE_INFINITY, Float.NaN, 3.4e38f};
        assertThat(Tensor.ofFloats(DType.BF16, values, 7).toFloatArray()).containsExactly(
                1, -2.5f, 1, 1.015625f, Float.POSITIVE_INFINITY, Float.NaN, Float.POSITIVE_INFINITY);
        assertThat(Tensor.ofFloats(DType.F16, new float[] {0.1f, 65504, 1e6f}, 3).toFloatArray())
                .containsExactly(0.099975586f, 65504, Float.POSITIVE_INFINITY);
    }

    @Test
    void readsEveryTypeAsNumbers() {
        byte[] bytes = {1, -1};
        assertThat(Tensor.ofBytes(DType.U8, bytes, 2).toLongArray()).containsExactly(1, 255);
        assertThat(Tensor.ofBytes(DType.I8, bytes, 2).toFloatArray()).containsExactly(1, -1);
        assertThat(Tensor.ofBooleans(new boolean[] {true, false}, 2).toIntArray()).containsExactly(1, 0);
        assertThat(Tensor.ofDoubles(new double[] {0.5, 0}, 2).toBooleanArray()).containsExactly(true, false);
        assertThatThrownBy(() -> MATRIX.toLongArray()).isInstanceOf(KilnException.BadInput.class);
        assertThatThrownBy(() -> Tensor.ofLongs(new long[] {1L << 40}).toIntArray())
                .isInstanceOf(ArithmeticException.class);
    }

    @Test
    void refusesViewsOutsideTheirMemory() {
        MemorySegment data = MATRIX.data();
        assertThatThrownBy(() -> Tensor.of(data, DType.F32, new long[] {2, 3}, new long[] {4, 1}))
                .isInstanceOf(KilnException.BadInput.class).hasMessageContaining("outside");
        assertThatThrownBy(() -> Tensor.of(data, DType.F32, new long[] {2}, new long[] {-1}))
                .isInstanceOf(KilnException.BadInput.class).hasMessageContaining("negative");
        assertThatThrownBy(() -> Tensor.of(data, DType.F32, 1L << 40, 1L << 40))
                .isInstanceOf(KilnException.BadInput.class).hasMessageContaining("too large");
        assertThatThrownBy(() -> Tensor.of(data, DType.F32, new long[] {2, 1L << 31},
                new long[] {1L << 62, 1L << 32}))
                .isInstanceOf(KilnException.BadInput.class);
        assertThatThrownBy(() -> Tensor.ofFloats(new float[5], 2, 3))
                .isInstanceOf(KilnException.BadInput.class).hasMessageContaining("5 values");
    }

    @Test
    void copiesOutliveTheirSource() {
        Tensor copy;
        try (Arena arena = Arena.ofConfined(); Arena other = Arena.ofConfined()) {
            Tensor source = Tensor.allocate(DType.I16, arena, 3);
            assertThat(source.copyTo(other).toLongArray()).containsExactly(0, 0, 0);
            copy = source.copyTo(Arena.ofAuto());
        }
        assertThat(copy.toLongArray()).containsExactly(0, 0, 0);
    }

    @Test
    void copiesIntoStridedMemory() {
        Tensor memory = Tensor.ofFloats(new float[] {0, 0, 0, 0, 0, 0}, 3, 2);
        Tensor transposed = Tensor.of(memory.data(), DType.F32, new long[] {2, 3}, new long[] {1, 2});
        transposed.copyFrom(Tensor.ofFloats(new float[] {1, 2, 3, 4, 5, 6}, 2, 3));
        assertThat(memory.toFloatArray()).containsExactly(1, 4, 2, 5, 3, 6);
        assertThatThrownBy(() -> memory.copyFrom(transposed)).isInstanceOf(KilnException.BadInput.class)
                .hasMessageContaining("shape differ");
    }
}
