package dev.kiln;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.kiln.cache.CacheMode;
import dev.kiln.cache.CacheSettings;
import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.kernels.toolchain.NativeCompiler;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
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
    private static final int VOCABULARY = 30522;

    @TempDir
    static Path cache;

    private static Kiln kiln;
    private static CompiledModel model;
    private static OrtSession peer;

    @BeforeAll
    static void compile() throws OrtException {
        kiln = Kiln.open(KilnConfig.of(new CacheSettings(cache, CacheMode.WRITE)));
        model = kiln.compile(Models.miniLm()).join();
        peer = OrtEnvironment.getEnvironment().createSession(Models.miniLm().toString());
    }

    @AfterAll
    static void close() throws OrtException {
        kiln.close();
        peer.close();
    }

    @ParameterizedTest
    @CsvSource({"1, 16", "1, 128", "8, 128", "32, 128"})
    void equalsOnnxRuntime(int batch, int length) throws OrtException {
        Map<String, long[]> inputs = inputs(batch, length);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        inputs.forEach((name, values) -> tensors.put(name, Tensor.ofLongs(values, batch, length)));

        float[] actual = model.run(tensors).get("last_hidden_state").toFloatArray();

        float[] expected = expected(inputs, batch, length);
        assertThat(actual).hasSameSizeAs(expected);
        assertThat(maxError(expected, actual)).isLessThanOrEqualTo(MAX_ERROR);
        assertThat(cosine(expected, actual)).isGreaterThanOrEqualTo(MIN_COSINE);
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

    /** Sentences of different lengths: the mask ends each row at another place. */
    private static Map<String, long[]> inputs(int batch, int length) {
        Random random = new Random(batch * 1000L + length);
        long[] ids = random.longs((long) batch * length, 0, VOCABULARY).toArray();
        long[] mask = new long[batch * length];
        for (int i = 0; i < mask.length; i++) {
            mask[i] = i % length < length - (i / length) % (length / 2) ? 1 : 0;
        }
        Map<String, long[]> inputs = new LinkedHashMap<>();
        inputs.put("input_ids", ids);
        inputs.put("attention_mask", mask);
        inputs.put("token_type_ids", new long[batch * length]);
        return inputs;
    }

    private static float[] expected(Map<String, long[]> inputs, int batch, int length) throws OrtException {
        Map<String, OnnxTensor> tensors = new LinkedHashMap<>();
        for (Map.Entry<String, long[]> input : inputs.entrySet()) {
            tensors.put(input.getKey(), OnnxTensor.createTensor(OrtEnvironment.getEnvironment(),
                LongBuffer.wrap(input.getValue()), new long[] {batch, length}));
        }
        try (OrtSession.Result result = peer.run(tensors)) {
            OnnxTensor output = (OnnxTensor) result.get("last_hidden_state").orElseThrow();
            float[] values = new float[output.getFloatBuffer().remaining()];
            output.getFloatBuffer().get(values);
            return values;
        } finally {
            tensors.values().forEach(OnnxTensor::close);
        }
    }

    private static double maxError(float[] expected, float[] actual) {
        double max = 0;
        for (int i = 0; i < expected.length; i++) {
            double error = Math.abs((double) expected[i] - actual[i]);
            max = error <= max ? max : error;
        }
        return max;
    }

    private static double cosine(float[] a, float[] b) {
        double dot = 0;
        double aa = 0;
        double bb = 0;
        for (int i = 0; i < a.length; i++) {
            dot += (double) a[i] * b[i];
            aa += (double) a[i] * a[i];
            bb += (double) b[i] * b[i];
        }
        return dot / Math.sqrt(aa * bb);
    }
}
