package dev.kiln.kernels.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.kernels.NativeFixture;
import dev.kiln.ops.DType;
import java.lang.foreign.ValueLayout;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class LargeMemoryTest {
    private static final long ELEMENTS = 3L << 20;
    private static final long HUGE_PAGE = 2L << 20;

    @Test
    void blocksAreUsedAgainAndZeroedWhereAskedFor() throws Exception {
        try (KilnRuntime runtime = NativeFixture.runtime(1)) {
            assertThat(runtime.threads()).isEqualTo(1);
            Set<Long> seen = new HashSet<>();
            boolean again = false;
            for (int i = 0; i < 200 && !again; i++) {
                Tensor tensor = Tensor.allocate(DType.F32, ELEMENTS);
                assertThat(tensor.data().address() % HUGE_PAGE).isZero();
                again = !seen.add(tensor.data().address());
                for (long at = 0; at < ELEMENTS; at += 509) {
                    assertThat(tensor.data().getAtIndex(ValueLayout.JAVA_FLOAT, at)).isZero();
                }
                tensor.data().fill((byte) 7);
                System.gc();
                Thread.sleep(5);
            }
            assertThat(again).as("memory of unreachable tensors is used again").isTrue();
        }
    }

    @Test
    void tensorsThatAreReachableDoNotShareMemory() {
        try (KilnRuntime runtime = NativeFixture.runtime(1)) {
            assertThat(runtime.threads()).isEqualTo(1);
            Tensor one = Tensor.uninitialized(DType.F32, ELEMENTS);
            Tensor other = Tensor.uninitialized(DType.F32, ELEMENTS);
            one.data().fill((byte) 1);
            other.data().fill((byte) 2);
            assertThat(one.data().get(ValueLayout.JAVA_BYTE, 4 * ELEMENTS - 1)).isEqualTo((byte) 1);
            assertThat(other.data().get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 2);
        }
    }
}
