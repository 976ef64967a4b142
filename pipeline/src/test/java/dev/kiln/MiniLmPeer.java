package dev.kiln;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.kiln.kernels.runtime.Tensor;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

/** A sentence-embedding model in ONNX Runtime, with inputs for it, and how far results are apart. */
final class MiniLmPeer implements AutoCloseable {
    private static final int VOCABULARY = 30522;

    private final OrtSession session;

    MiniLmPeer(Path model) throws OrtException {
        session = OrtEnvironment.getEnvironment().createSession(model.toString());
    }

    @Override
    public void close() throws OrtException {
        session.close();
    }

    static Map<String, Tensor> tensors(Map<String, long[]> inputs, int batch, int length) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        inputs.forEach((name, values) -> tensors.put(name, Tensor.ofLongs(values, batch, length)));
        return tensors;
    }

    /** Sentences of different lengths: the mask ends each row at another place. */
    static Map<String, long[]> inputs(int batch, int length) {
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

    float[] run(Map<String, long[]> inputs, int batch, int length) throws OrtException {
        Map<String, OnnxTensor> tensors = new LinkedHashMap<>();
        for (Map.Entry<String, long[]> input : inputs.entrySet()) {
            tensors.put(input.getKey(), OnnxTensor.createTensor(OrtEnvironment.getEnvironment(),
                LongBuffer.wrap(input.getValue()), new long[] {batch, length}));
        }
        try (OrtSession.Result result = session.run(tensors)) {
            OnnxTensor output = (OnnxTensor) result.get("last_hidden_state").orElseThrow();
            float[] values = new float[output.getFloatBuffer().remaining()];
            output.getFloatBuffer().get(values);
            return values;
        } finally {
            tensors.values().forEach(OnnxTensor::close);
        }
    }

    static double maxError(float[] expected, float[] actual) {
        double max = 0;
        for (int i = 0; i < expected.length; i++) {
            double error = Math.abs((double) expected[i] - actual[i]);
            max = error <= max ? max : error;
        }
        return max;
    }

    static double cosine(float[] a, float[] b) {
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
