package dev.kiln;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.AttributeProto.AttributeType;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import com.google.protobuf.ByteString;
import dev.kiln.cache.CacheMode;
import dev.kiln.cache.CacheSettings;
import dev.kiln.kernels.runtime.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Operators that ONNX's test data of 2022 does not have, against ONNX Runtime: whole models of one or two nodes. */
class OnnxRuntimeTest {
    private static final int FLOAT = 1;
    private static final int LONG = 7;

    @TempDir
    static Path folder;

    private static Kiln kiln;

    private final Random random = new Random(7);
    private GraphProto.Builder graph;
    private Map<String, Tensor> inputs;

    @BeforeAll
    static void open() {
        kiln = Kiln.open(KilnConfig.of(new CacheSettings(folder.resolve("cache"), CacheMode.WRITE)));
    }

    @AfterAll
    static void close() {
        kiln.close();
    }

    @BeforeEach
    void begin() {
        graph = GraphProto.newBuilder().setName("g");
        inputs = new LinkedHashMap<>();
    }

    private static ValueInfoProto value(String name, int type, long... sizes) {
        TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
        Arrays.stream(sizes).forEach(s -> shape.addDimBuilder().setDimValue(s));
        return ValueInfoProto.newBuilder().setName(name).setType(TypeProto.newBuilder().setTensorType(
            TypeProto.Tensor.newBuilder().setElemType(type).setShape(shape))).build();
    }

    private float[] noise(long... sizes) {
        float[] values = new float[(int) Arrays.stream(sizes).reduce(1, (a, b) -> a * b)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private OnnxRuntimeTest input(String name, long... sizes) {
        graph.addInput(value(name, FLOAT, sizes));
        inputs.put(name, Tensor.ofFloats(noise(sizes), sizes));
        return this;
    }

    private OnnxRuntimeTest longs(String name, long[] values, long... sizes) {
        graph.addInput(value(name, LONG, sizes));
        inputs.put(name, Tensor.ofLongs(values, sizes));
        return this;
    }

    private OnnxRuntimeTest constant(String name, float[] values, long... sizes) {
        TensorProto.Builder tensor = TensorProto.newBuilder().setName(name).setDataType(FLOAT);
        Arrays.stream(sizes).forEach(tensor::addDims);
        for (float value : values) {
            tensor.addFloatData(value);
        }
        graph.addInitializer(tensor);
        return this;
    }

    private OnnxRuntimeTest constant(String name, int type, byte[] raw, long... sizes) {
        TensorProto.Builder tensor = TensorProto.newBuilder().setName(name).setDataType(type)
            .setRawData(ByteString.copyFrom(raw));
        Arrays.stream(sizes).forEach(tensor::addDims);
        graph.addInitializer(tensor);
        return this;
    }

    private OnnxRuntimeTest node(String domain, String op, String in, String out, Object... attributes) {
        NodeProto.Builder node = NodeProto.newBuilder().setOpType(op).setDomain(domain).setName(op + graph.getNodeCount());
        for (String name : in.split(" ")) {
            node.addInput(name.equals("_") ? "" : name);
        }
        for (String name : out.split(" ")) {
            node.addOutput(name.equals("_") ? "" : name);
        }
        for (int i = 0; i < attributes.length; i += 2) {
            AttributeProto.Builder attribute = node.addAttributeBuilder().setName((String) attributes[i]);
            switch (attributes[i + 1]) {
                case Integer number -> attribute.setType(AttributeType.INT).setI(number);
                case Float number -> attribute.setType(AttributeType.FLOAT).setF(number);
                default -> attribute.setType(AttributeType.STRING)
                    .setS(ByteString.copyFromUtf8((String) attributes[i + 1]));
            }
        }
        graph.addNode(node);
        return this;
    }

    /** Runs the model in both and compares all outputs. */
    private void check(double tolerance, String... outputs) throws OrtException {
        for (String output : outputs) {
            graph.addOutput(ValueInfoProto.newBuilder().setName(output).setType(TypeProto.newBuilder().setTensorType(
                TypeProto.Tensor.newBuilder().setElemType(FLOAT))));
        }
        Path file = write();
        Map<String, float[]> expected = expected(file);
        try (CompiledModel model = kiln.compileBlocking(file)) {
            Map<String, Tensor> actual = model.run(inputs);
            for (String output : outputs) {
                float[] values = actual.get(output).toFloatArray();
                assertThat(values).as(output).hasSameSizeAs(expected.get(output));
                for (int i = 0; i < values.length; i++) {
                    assertThat(values[i]).as(output + "[" + i + "]").isCloseTo(expected.get(output)[i],
                        Offset.offset((float) (tolerance * Math.max(1, Math.abs(expected.get(output)[i])))));
                }
            }
        }
    }

    private Path write() {
        try {
            return Files.write(Files.createTempFile(folder, "model", ".onnx"), ModelProto.newBuilder().setIrVersion(10)
                .setGraph(graph).addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(23))
                .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("com.microsoft").setVersion(1)).build()
                .toByteArray());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Map<String, float[]> expected(Path file) throws OrtException {
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        Map<String, OnnxTensor> tensors = new LinkedHashMap<>();
        for (Map.Entry<String, Tensor> input : inputs.entrySet()) {
            Tensor t = input.getValue();
            tensors.put(input.getKey(), t.dtype() == dev.kiln.ops.DType.I64
                ? OnnxTensor.createTensor(environment, LongBuffer.wrap(t.toLongArray()), t.shape())
                : OnnxTensor.createTensor(environment, FloatBuffer.wrap(t.toFloatArray()), t.shape()));
        }
        try (OrtSession session = environment.createSession(file.toString());
                OrtSession.Result result = session.run(tensors)) {
            Map<String, float[]> values = new LinkedHashMap<>();
            for (Map.Entry<String, ai.onnxruntime.OnnxValue> output : result) {
                FloatBuffer buffer = ((OnnxTensor) output.getValue()).getFloatBuffer();
                float[] array = new float[buffer.remaining()];
                buffer.get(array);
                values.put(output.getKey(), array);
            }
            return values;
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void attention(int causal) throws OrtException {
        input("q", 2, 4, 5, 8).input("k", 2, 2, 6, 8).input("v", 2, 2, 6, 7)
            .node("", "Attention", "q k v", "y", "is_causal", causal).check(1e-5, "y");
    }

    @Test
    void attentionWithMaskAndHeadsInTheLastDimension() throws OrtException {
        input("q", 2, 5, 32).input("k", 2, 6, 16).input("v", 2, 6, 16).input("m", 5, 6)
            .node("", "Attention", "q k v m", "y", "q_num_heads", 4, "kv_num_heads", 2, "scale", 0.3f).check(1e-5, "y");
    }

    @Test
    void attentionWithPast() throws OrtException {
        input("q", 1, 2, 3, 8).input("k", 1, 2, 3, 8).input("v", 1, 2, 3, 8).input("pk", 1, 2, 4, 8)
            .input("pv", 1, 2, 4, 8).node("", "Attention", "q k v _ pk pv", "y nk nv").check(1e-5, "y", "nk", "nv");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void rotaryEmbedding(int interleaved) throws OrtException {
        constant("cos", noise(10, 4), 10, 4).constant("sin", noise(10, 4), 10, 4).input("x", 2, 3, 5, 8)
            .longs("p", new long[] {0, 3, 1, 9, 5, 2, 2, 8, 7, 0}, 2, 5)
            .node("", "RotaryEmbedding", "x cos sin p", "y", "interleaved", interleaved).check(1e-5, "y");
    }

    @Test
    void rotaryEmbeddingOfAPart() throws OrtException {
        constant("cos", noise(2, 5, 2), 2, 5, 2).constant("sin", noise(2, 5, 2), 2, 5, 2).input("x", 2, 5, 24)
            .node("", "RotaryEmbedding", "x cos sin", "y", "num_heads", 3, "rotary_embedding_dim", 4).check(1e-5, "y");
    }

    @Test
    void rmsNormalization() throws OrtException {
        input("x", 3, 5, 8).constant("s", noise(5, 8), 5, 8)
            .node("", "RMSNormalization", "x s", "y", "axis", -2, "epsilon", 0.01f).check(1e-5, "y");
    }

    @Test
    void skipNormalizations() throws OrtException {
        input("x", 2, 3, 8).input("k", 2, 3, 8).constant("g", noise(8), 8).constant("b", noise(8), 8)
            .constant("c", noise(8), 8)
            .node("com.microsoft", "SkipLayerNormalization", "x k g b c", "y _ _ sum", "epsilon", 1e-5f)
            .node("com.microsoft", "SkipSimplifiedLayerNormalization", "x k g c", "z", "epsilon", 1e-5f)
            .node("", "SimplifiedLayerNormalization", "x g", "w", "epsilon", 1e-5f).check(1e-5, "y", "sum", "z", "w");
    }

    @Test
    void contributedActivations() throws OrtException {
        input("x", 4, 8).constant("b", noise(8), 8).node("com.microsoft", "Gelu", "x", "gelu")
            .node("com.microsoft", "BiasGelu", "x b", "bias").node("com.microsoft", "FastGelu", "x b", "fast")
            .node("com.microsoft", "QuickGelu", "x", "quick", "alpha", 1.3f).check(1e-5, "gelu", "bias", "fast", "quick");
    }

    @Test
    void fusedMatMul() throws OrtException {
        input("a", 2, 5, 3).input("b", 2, 4, 5)
            .node("com.microsoft", "FusedMatMul", "a b", "y", "transA", 1, "transB", 1, "alpha", 0.5f).check(1e-5, "y");
    }

    /** Weights of 4 bits with a scale and zero point a block of 16 rows, as quantised language models have them. */
    @ParameterizedTest
    @ValueSource(ints = {21, 22})
    void blocksOfFourBits(int type) throws OrtException {
        byte[] packed = new byte[32 * 6 / 2];
        random.nextBytes(packed);
        byte[] zeros = new byte[6];
        random.nextBytes(zeros);
        input("x", 3, 32).constant("w", type, packed, 32, 6).constant("s", noise(2, 6), 2, 6)
            .constant("z", type, zeros, 2, 6)
            .node("", "DequantizeLinear", "w s z", "real", "axis", 0, "block_size", 16)
            .node("", "MatMul", "x real", "y").check(1e-5, "y", "real");
    }

    @ParameterizedTest
    @ValueSource(ints = {21, 22})
    void quantizesToFourBits(int type) throws OrtException {
        input("x", 4, 8).constant("s", new float[] {0.1f, 0.3f, 0.05f, 1}, 4)
            .constant("z", type, new byte[] {0x31, 0x75}, 4)
            .node("", "QuantizeLinear", "x s z", "q", "axis", 0)
            .node("", "DequantizeLinear", "q s z", "y", "axis", 0).check(1e-6, "y");
    }

    /** Eight-bit floats, which saturate or not. */
    @ParameterizedTest
    @ValueSource(ints = {17, 19})
    void quantizesToEightBitFloats(int type) throws OrtException {
        input("x", 4, 8).constant("s", new float[] {0.001f}).constant("z", type, new byte[] {0})
            .node("", "QuantizeLinear", "x s z", "q").node("", "DequantizeLinear", "q s z", "y")
            .node("", "Cast", "x", "c", "to", type).node("", "Cast", "c", "d", "to", FLOAT).check(1e-6, "y", "d");
    }

    @ParameterizedTest
    @ValueSource(strings = {"LSTM", "GRU", "RNN"})
    void longSequences(String op) throws OrtException {
        int gates = op.equals("LSTM") ? 4 : op.equals("GRU") ? 3 : 1;
        float[] recurrent = noise(2L * gates * 20 * 20);
        for (int i = 0; i < recurrent.length; i++) {
            recurrent[i] *= 0.2f;
        }
        input("x", 700, 3, 6).constant("w", noise(2, gates * 20L, 6), 2, gates * 20L, 6)
            .constant("r", recurrent, 2, gates * 20L, 20).constant("b", noise(2, gates * 40L), 2, gates * 40L)
            .node("", op, "x w r b", "y h", "hidden_size", 20, "direction", "bidirectional").check(2e-4, "y", "h");
    }
}
