package dev.kiln.kernels.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.kernels.NativeFixture;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class NativeTest {
    @Test
    void bothWaysOfCallingAgree() {
        Path file = NativeFixture.graph("""
                KILN_EXPORT int32_t add(int64_t* w) { w[2] = w[0] + w[1]; return 5; }
                """);
        try (KilnRuntime runtime = NativeFixture.runtime(1);
                NativeLibrary library = NativeLibrary.open(file)) {
            assertThat(runtime.threads()).isEqualTo(1);
            NativeWords words = NativeWords.of(40, 2, 0);
            assertThat(Native.call(library.address("add"), words.address())).isEqualTo(5);
            assertThat(words.get(2)).isEqualTo(42);
            words.set(2, 0);
            assertThat(Native.callForeign(library.address("add"), words.address())).isEqualTo(5);
            assertThat(words.get(2)).isEqualTo(42);
        }
    }
}
