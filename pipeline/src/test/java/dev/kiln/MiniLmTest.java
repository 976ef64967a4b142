package dev.kiln;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OrtException;
import dev.kiln.cache.CacheMode;
import dev.kiln.cache.CacheSettings;
import dev.kiln.kernels.toolchain.NativeCompiler;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The sentence-embedding transformer all-MiniLM-L6-v2, end to end, against ONNX Runtime. */
class MiniLmTest {
    private static final double MAX_ERROR = 1e-4;
    private static final double MIN_COSINE = 0.99999;

    @TempDir
    static Path cache;

    private static Kiln kiln;
    private static CompiledModel model;
    private static MiniLmPeer peer;

    @BeforeAll
    static void compile() throws OrtException {
        kiln = Kiln.open(KilnConfig.of(new CacheSettings(cache, CacheMode.WRITE)));
        model = kiln.compile(Models.miniLm()).join();
        peer = new MiniLmPeer(Models.miniLm());
    }

    @AfterAll
    static void close() throws OrtException {
        kiln.close();
        peer.close();
    }

    @ParameterizedTest
    @CsvSource({"1, 16", "1, 128", "8, 128", "32, 128"})
    void equalsOnnxRuntime(int batch, int length) throws OrtException {
        Map<String, long[]> inputs = MiniLmPeer.inputs(batch, length);

        float[] actual = model.run(MiniLmPeer.tensors(inputs, batch, length)).get("last_hidden_state").toFloatArray();

        float[] expected = peer.run(inputs, batch, length);
        assertThat(actual).hasSameSizeAs(expected);
        assertThat(MiniLmPeer.maxError(expected, actual)).isLessThanOrEqualTo(MAX_ERROR);
        assertThat(MiniLmPeer.cosine(expected, actual)).isGreaterThanOrEqualTo(MIN_COSINE);
        assertThat(kiln.compiles()).as("one artifact serves every shape").isEqualTo(1);
    }

    @Test
    void secondKilnHitsWithoutStartingACompiler() {
        long starts = NativeCompiler.compilerStarts();
        try (Kiln second = Kiln.open(KilnConfig.of(new CacheSettings(cache, CacheMode.WRITE)));
                CompiledModel loaded = second.compileBlocking(Models.miniLm())) {
            assertThat(loaded.info().cacheHit()).isTrue();
            assertThat(loaded.info().key()).isEqualTo(model.info().key());
            assertThat(loaded.info().decisions()).isEqualTo(model.info().decisions()).isNotEmpty();
            assertThat(second.compiles()).isZero();
        }
        assertThat(NativeCompiler.compilerStarts()).isEqualTo(starts);
    }

    @Test
    void reportsWhatWasDone() {
        assertThat(model.info().cacheHit()).isFalse();
        assertThat(model.info().stageMillis())
            .containsKeys("trace", "autograd", "post-grad", "codegen", "autotune",
            "post-compile");
        assertThat(model.info().kernels()).isNotEmpty();
        assertThat(model.info().artifactBytes()).isGreaterThan(80_000_000);
    }
}
