package dev.kiln;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.onnxruntime.OrtException;
import dev.kiln.cache.CacheMode;
import dev.kiln.cache.CacheSettings;
import dev.kiln.cache.CompiledGraph.KernelInfo;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * all-MiniLM-L6-v2 with weights of 8 bits and activations that are quantised while it runs, against ONNX Runtime. Sums of
 * bytes are exact in both; but an activation that lies between two levels may be rounded to either, and of random words
 * little more than that is left after six layers. So both must be equally close to the model in f32 too.
 */
class QuantizedMiniLmTest {
    private static final double MIN_COSINE = 0.98;
    private static final double SAME_LOSS = 0.005;

    @TempDir
    static Path cache;

    private static Kiln kiln;
    private static CompiledModel model;
    private static MiniLmPeer peer;
    private static MiniLmPeer original;

    @BeforeAll
    static void compile() throws OrtException {
        kiln = Kiln.open(KilnConfig.of(new CacheSettings(cache, CacheMode.WRITE)));
        model = kiln.compile(Models.quantizedMiniLm()).join();
        peer = new MiniLmPeer(Models.quantizedMiniLm());
        original = new MiniLmPeer(Models.miniLm());
    }

    @AfterAll
    static void close() throws OrtException {
        kiln.close();
        peer.close();
        original.close();
    }

    /** Each linear ends with its scale and bias; Q, K and V are one. */
    @Test
    void finishesEachLinearInItsKernel() {
        List<KernelInfo> kernels = model.info().kernels();
        List<KernelInfo> linears = kernels.stream().filter(k -> k.kind().equals("linear")).toList();
        assertThat(linears).hasSize(24).allSatisfy(k -> assertThat(k.sourceNodes())
            .anyMatch(n -> n.startsWith("_int_mm")).anyMatch(n -> n.startsWith("mul")).anyMatch(n -> n.startsWith("add")));
        assertThat(kernels).filteredOn(k -> k.name().contains("_div_round_add_clamp")).hasSize(24);
        assertThat(kernels).hasSizeLessThan(108).noneMatch(k -> k.kind().equals("matmul"));
    }

    @ParameterizedTest
    @CsvSource({"1, 16", "1, 128", "3, 33"})
    void equalsOnnxRuntime(int batch, int length) throws OrtException {
        Map<String, long[]> inputs = MiniLmPeer.inputs(batch, length);

        float[] actual = model.run(MiniLmPeer.tensors(inputs, batch, length)).get("last_hidden_state").toFloatArray();

        float[] expected = peer.run(inputs, batch, length);
        float[] exact = original.run(inputs, batch, length);
        assertThat(actual).hasSameSizeAs(expected);
        assertThat(MiniLmPeer.cosine(expected, actual)).isGreaterThanOrEqualTo(MIN_COSINE);
        assertThat(MiniLmPeer.cosine(exact, actual))
            .isCloseTo(MiniLmPeer.cosine(exact, expected), within(SAME_LOSS));
    }
}
