package dev.kiln.kernels.gemm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class PackedWeightTest {
    @ParameterizedTest
    @CsvSource({"1,1", "16,8", "17,33", "48,16", "50,129"})
    void putsEveryElementInItsPanel(int n, int k) {
        for (ElementType type : ElementType.numbers()) {
            PackedWeight layout = new PackedWeight(new MicroGemm(type, 6, 16, 32), n, k);
            double[] kn = IntStream.range(0, n * k).mapToDouble(i -> i + 1).toArray();
            double[] nk = new double[n * k];
            double[] expected = new double[Math.ceilDiv(n, 16) * 16 * k];
            for (int row = 0; row < k; row++) {
                for (int column = 0; column < n; column++) {
                    nk[column * k + row] = kn[row * n + column];
                    expected[(column / 16 * k + row) * 16 + column % 16] = kn[row * n + column];
                }
            }
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment dirty = arena.allocate(layout.bytes(), 64).fill((byte) -1);
                layout.pack(Elements.write(type, nk, arena), PackedWeight.Order.NK, dirty);
                assertThat(Elements.read(type, dirty, expected.length)).isEqualTo(expected);
                MemorySegment packed = layout.pack(Elements.write(type, kn, arena), PackedWeight.Order.KN,
                        arena);
                assertThat(packed.mismatch(dirty)).isEqualTo(-1);
                assertThat(packed.address() % PackedWeight.ALIGNMENT).isZero();
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void refusesShortMemory(PackedWeight.Order order) {
        PackedWeight layout = new PackedWeight(new MicroGemm(ElementType.F32, 6, 16, 32), 20, 10);
        MemorySegment little = Arena.ofAuto().allocate(796);
        MemorySegment enough = Arena.ofAuto().allocate(layout.bytes());
        assertThatIllegalArgumentException().isThrownBy(() -> layout.pack(little, order, enough));
        assertThatIllegalArgumentException().isThrownBy(() -> layout.pack(enough, order, little));
    }
}
