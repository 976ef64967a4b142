package dev.kiln.conformance;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto.Dimension;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.stages.trace.onnx.OnnxTensorFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** A folder with {@code model.onnx} and {@code test_data_set_N/{input,output}_N.pb}. */
record TestCase(Path model, ModelProto proto, List<ValueInfoProto> inputs, List<ValueInfoProto> outputs,
        List<Path> dataSets) {
    private static final Set<String> RANDOM = Set.of("Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike",
        "RandomUniform", "RandomUniformLike");

    /** Inputs and the outputs expected of them, by name. */
    record Data(Map<String, Tensor> inputs, Map<String, Tensor> outputs) {
    }

    static TestCase of(Path folder) throws IOException {
        Path model = folder.resolve("model.onnx");
        ModelProto proto = parse(model);
        GraphProto graph = proto.getGraph();
        Set<String> initializers = new HashSet<>();
        graph.getInitializerList().forEach(tensor -> initializers.add(tensor.getName()));
        List<ValueInfoProto> inputs = graph.getInputList().stream()
            .filter(input -> !initializers.contains(input.getName())).toList();
        try (Stream<Path> files = Files.list(folder)) {
            List<Path> sets = files.filter(f -> f.getFileName().toString().startsWith("test_data_set_"))
                .sorted().toList();
            return new TestCase(model, proto, tensors(inputs), tensors(graph.getOutputList()), sets);
        }
    }

    private static ModelProto parse(Path model) throws IOException {
        try {
            return ModelProto.parseFrom(Files.readAllBytes(model));
        } catch (InvalidProtocolBufferException e) {
            throw new KilnException.BadInput("model.onnx does not parse: " + e.getMessage(), e);
        }
    }

    private static List<ValueInfoProto> tensors(List<ValueInfoProto> values) {
        for (ValueInfoProto value : values) {
            if (!value.getType().hasTensorType()) {
                throw new KilnException.Unsupported("'" + value.getName() + "' is a "
                    + value.getType().getValueCase().name().toLowerCase(Locale.ROOT).replace("_type", "")
                    + ", not a tensor");
            }
        }
        return values;
    }

    /** Whether outputs are random numbers, of which only type and shape can be compared. */
    boolean isRandom() {
        return proto.getGraph().getNodeList().stream().anyMatch(node -> RANDOM.contains(node.getOpType())
            || node.getOpType().equals("Dropout") && node.getInputCount() == 3);
    }

    /** Whether the model declares other sizes than the data has; ONNX's own runner does not look at them. */
    boolean contradicts(Data data) {
        return inputs.stream().anyMatch(input -> data.inputs.containsKey(input.getName())
            && !fits(input, data.inputs.get(input.getName()).shape()));
    }

    private static boolean fits(ValueInfoProto input, long[] shape) {
        List<Dimension> dims = input.getType().getTensorType().getShape().getDimList();
        return !input.getType().getTensorType().hasShape() || dims.size() == shape.length
            && IntStream.range(0, shape.length).allMatch(d -> !dims.get(d).hasDimValue()
                || dims.get(d).getDimValue() == shape[d]);
    }

    /** The model with the sizes of the data in its declarations. */
    byte[] withShapesOf(Data data) {
        ModelProto.Builder model = proto.toBuilder();
        for (ValueInfoProto.Builder input : model.getGraphBuilder().getInputBuilderList()) {
            Tensor tensor = data.inputs.get(input.getName());
            if (tensor != null) {
                TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
                Arrays.stream(tensor.shape()).forEach(size -> shape.addDimBuilder().setDimValue(size));
                input.getTypeBuilder().getTensorTypeBuilder().setShape(shape);
            }
        }
        return model.build().toByteArray();
    }

    Data data(Path set) throws IOException {
        return new Data(read(set, "input_", inputs), read(set, "output_", outputs));
    }

    /** Trailing optional inputs may have no file. */
    private static Map<String, Tensor> read(Path set, String prefix, List<ValueInfoProto> values) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (int i = 0; i < values.size(); i++) {
            Path file = set.resolve(prefix + i + ".pb");
            if (Files.exists(file)) {
                tensors.put(values.get(i).getName(), read(file, values.get(i)));
            }
        }
        return tensors;
    }

    /** Files give bf16, which NumPy lacks, as the same bits in u16. */
    private static Tensor read(Path file, ValueInfoProto declared) {
        ConstantValue value = OnnxTensorFile.read(file).value();
        boolean bits = value.dtype() == DType.U16
            && declared.getType().getTensorType().getElemType() == TensorProto.DataType.BFLOAT16_VALUE;
        long[] shape = value.sizes().stream().mapToLong(Long::longValue).toArray();
        return Tensor.of(value.data(), bits ? DType.BF16 : value.dtype(), shape);
    }

    /** Folders below that hold a case, by name. */
    static List<Path> below(Path root) throws IOException {
        List<Path> found = new ArrayList<>();
        try (Stream<Path> files = Files.walk(root)) {
            files.filter(f -> f.getFileName().toString().equals("model.onnx")).map(Path::getParent).sorted()
                .forEach(found::add);
        }
        return found;
    }
}
