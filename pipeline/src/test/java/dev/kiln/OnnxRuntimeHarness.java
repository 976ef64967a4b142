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
import java.util.Map;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Whole models of one or few nodes, run by Kiln and by ONNX Runtime on the same inputs. */
abstract class OnnxRuntimeHarness {
    static final int FLOAT = 1;
    static final int LONG = 7;

    @TempDir
    static Path folder;

    private static Kiln kiln;

    final Random random = new Random(7);
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

    float[] noise(long... sizes) {
        float[] values = new float[(int) Arrays.stream(sizes).reduce(1, (a, b) -> a * b)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    OnnxRuntimeHarness input(String name, long... sizes) {
        graph.addInput(value(name, FLOAT, sizes));
        inputs.put(name, Tensor.ofFloats(noise(sizes), sizes));
        return this;
    }

    OnnxRuntimeHarness longs(String name, long[] values, long... sizes) {
        graph.addInput(value(name, LONG, sizes));
        inputs.put(name, Tensor.ofLongs(values, sizes));
        return this;
    }

    OnnxRuntimeHarness constant(String name, float[] values, long... sizes) {
        TensorProto.Builder tensor = TensorProto.newBuilder().setName(name).setDataType(FLOAT);
        Arrays.stream(sizes).forEach(tensor::addDims);
        for (float value : values) {
            tensor.addFloatData(value);
        }
        graph.addInitializer(tensor);
        return this;
    }

    OnnxRuntimeHarness scalar(String name, float value) {
        return constant(name, new float[] {value});
    }

    /** Small positive numbers: a vector, or one number without dimensions. */
    OnnxRuntimeHarness scales(String name, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = 0.01f + 0.02f * random.nextFloat();
        }
        return count == 1 ? constant(name, values) : constant(name, values, count);
    }

    OnnxRuntimeHarness constant(String name, int type, byte[] raw, long... sizes) {
        TensorProto.Builder tensor = TensorProto.newBuilder().setName(name).setDataType(type)
            .setRawData(ByteString.copyFrom(raw));
        Arrays.stream(sizes).forEach(tensor::addDims);
        graph.addInitializer(tensor);
        return this;
    }

    OnnxRuntimeHarness node(String domain, String op, String in, String out, Object... attributes) {
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
    void check(double tolerance, String... outputs) throws OrtException {
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
}
