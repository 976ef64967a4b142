package dev.kiln.stages.trace.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import dev.kiln.stages.trace.TraceOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** A case of ONNX's backend tests with its first data set, ready to import. */
record OnnxCase(String name, byte[] model, boolean isRandom, Map<String, ConstantValue> inputs,
        Map<String, ConstantValue> outputs) {
    private static final long MAX_KNOWN_VALUES = 4096;
    private static final Set<String> RANDOM = Set.of("Bernoulli", "RandomUniformLike", "RandomNormalLike",
        "RandomUniform", "RandomNormal", "Multinomial");

    /** The names of all cases in a category such as {@code node}. */
    static List<Path> folders(String category) throws IOException {
        try (Stream<Path> folders = Files.list(OnnxTestData.folder().resolve(category))) {
            return folders.filter(f -> Files.exists(f.resolve("model.onnx"))).sorted().toList();
        }
    }

    /** @throws KilnException.Unsupported if values are not tensors of a type that Kiln has */
    static OnnxCase read(Path folder) throws IOException {
        ModelProto proto = ModelProto.parseFrom(Files.readAllBytes(folder.resolve("model.onnx")));
        GraphProto graph = proto.getGraph();
        Path data = folder.resolve("test_data_set_0");
        List<ValueInfoProto> given = graph.getInputList().stream().filter(i -> graph.getInitializerList().stream()
            .noneMatch(t -> t.getName().equals(i.getName()))).toList();
        Map<String, ConstantValue> inputs = read(data, "input_", given);
        Map<String, ConstantValue> outputs = read(data, "output_", graph.getOutputList());
        boolean random = graph.getNodeList().stream().anyMatch(n -> RANDOM.contains(n.getOpType())
            || n.getOpType().equals("Dropout") && n.getInputCount() == 3);
        return new OnnxCase(folder.getFileName().toString(), withShapes(proto, inputs), random, inputs, outputs);
    }

    private static Map<String, ConstantValue> read(Path data, String prefix, List<ValueInfoProto> values) {
        Map<String, ConstantValue> tensors = new LinkedHashMap<>();
        for (int i = 0; i < values.size(); i++) {
            ValueInfoProto declared = values.get(i);
            if (!declared.getType().hasTensorType()) {
                throw new KilnException.Unsupported("'" + declared.getName() + "' is a "
                    + declared.getType().getValueCase().name().split("_")[0].toLowerCase() + ", not a tensor");
            }
            Path file = data.resolve(prefix + i + ".pb");
            if (Files.exists(file)) {
                ConstantValue value = OnnxTensorFile.read(file).value();
                boolean bits = value.dtype() == DType.U16
                    && declared.getType().getTensorType().getElemType() == TensorProto.DataType.BFLOAT16_VALUE;
                tensors.put(declared.getName(), bits ? new ConstantValue(DType.BF16, value.sizes(), value.data())
                    : value);
            }
        }
        return tensors;
    }

    /** Some models declare other sizes than their data has. */
    private static byte[] withShapes(ModelProto proto, Map<String, ConstantValue> inputs) {
        ModelProto.Builder model = proto.toBuilder();
        for (ValueInfoProto.Builder input : model.getGraphBuilder().getInputBuilderList()) {
            ConstantValue value = inputs.get(input.getName());
            if (value != null) {
                TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
                value.sizes().forEach(size -> shape.addDimBuilder().setDimValue(size));
                input.getTypeBuilder().getTensorTypeBuilder().setShape(shape);
            }
        }
        return model.build().toByteArray();
    }

    /** As it is, or for the values of small inputs where a shape depends on them. */
    Graph imported() {
        try {
            return OnnxImporter.importModel(name, model, TraceOptions.NONE);
        } catch (KilnException.BadInput e) {
            TraceOptions known = TraceOptions.NONE;
            for (Map.Entry<String, ConstantValue> input : inputs.entrySet()) {
                known = input.getValue().numel() <= MAX_KNOWN_VALUES
                    ? known.withValue(input.getKey(), input.getValue()) : known;
            }
            return OnnxImporter.importModel(name, model, known);
        }
    }
}
