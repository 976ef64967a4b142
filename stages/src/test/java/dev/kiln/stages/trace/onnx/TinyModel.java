package dev.kiln.stages.trace.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.AttributeProto.AttributeType;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import dev.kiln.ops.DType;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.interpreter.Interpreter;
import dev.kiln.stages.trace.TraceOptions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Writes small ONNX models for tests, imports them and runs what was imported. */
final class TinyModel {
    private static final Map<DType, Integer> CODES = Map.ofEntries(Map.entry(DType.F32, DataType.FLOAT_VALUE),
        Map.entry(DType.F64, DataType.DOUBLE_VALUE), Map.entry(DType.F16, DataType.FLOAT16_VALUE),
        Map.entry(DType.BF16, DataType.BFLOAT16_VALUE), Map.entry(DType.I64, DataType.INT64_VALUE),
        Map.entry(DType.I32, DataType.INT32_VALUE), Map.entry(DType.I16, DataType.INT16_VALUE),
        Map.entry(DType.I8, DataType.INT8_VALUE), Map.entry(DType.U8, DataType.UINT8_VALUE),
        Map.entry(DType.U16, DataType.UINT16_VALUE), Map.entry(DType.U32, DataType.UINT32_VALUE),
        Map.entry(DType.U64, DataType.UINT64_VALUE), Map.entry(DType.BOOL, DataType.BOOL_VALUE),
        Map.entry(DType.F8E4M3FN, DataType.FLOAT8E4M3FN_VALUE), Map.entry(DType.F8E5M2, DataType.FLOAT8E5M2_VALUE));

    private final GraphProto.Builder graph = GraphProto.newBuilder().setName("tiny");
    private final int opset;

    TinyModel(int opset) {
        this.opset = opset;
    }

    static int code(DType dtype) {
        return CODES.get(dtype);
    }

    GraphProto.Builder graph() {
        return graph;
    }

    /** Dimensions are numbers, names, or null for one without either. */
    TinyModel input(String name, DType dtype, Object... dims) {
        TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
        for (Object dim : dims) {
            switch (dim) {
                case null -> shape.addDimBuilder();
                case String symbol -> shape.addDimBuilder().setDimParam(symbol);
                default -> shape.addDimBuilder().setDimValue(((Number) dim).longValue());
            }
        }
        graph.addInput(ValueInfoProto.newBuilder().setName(name).setType(TypeProto.newBuilder()
            .setTensorType(TypeProto.Tensor.newBuilder().setElemType(code(dtype)).setShape(shape))));
        return this;
    }

    TinyModel initializer(String name, ConstantValue value) {
        graph.addInitializer(tensor(name, value));
        return this;
    }

    static TensorProto tensor(String name, ConstantValue value) {
        byte[] bytes = value.data().toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
        return TensorProto.newBuilder().setName(name).setDataType(code(value.dtype()))
            .addAllDims(value.sizes()).setRawData(ByteString.copyFrom(bytes)).build();
    }

    /**
     * Inputs and outputs are separated by spaces, _ is one left out; attributes are names and values in turn.
     */
    TinyModel node(String op, String inputs, String outputs, Object... attributes) {
        graph.addNode(nodeProto(op, inputs, outputs, attributes));
        return this;
    }

    static NodeProto.Builder nodeProto(String op, String inputs, String outputs, Object... attributes) {
        NodeProto.Builder node = NodeProto.newBuilder().setOpType(op);
        for (String input : inputs.isEmpty() ? new String[0] : inputs.split(" ")) {
            node.addInput(input.equals("_") ? "" : input);
        }
        node.addAllOutput(List.of(outputs.split(" ")));
        for (int i = 0; i < attributes.length; i += 2) {
            node.addAttribute(attribute((String) attributes[i], attributes[i + 1]));
        }
        return node;
    }

    private static AttributeProto.Builder attribute(String name, Object value) {
        AttributeProto.Builder attribute = AttributeProto.newBuilder().setName(name);
        return switch (value) {
            case Integer number -> attribute.setType(AttributeType.INT).setI(number);
            case Float number -> attribute.setType(AttributeType.FLOAT).setF(number);
            case String text -> attribute.setType(AttributeType.STRING).setS(ByteString.copyFromUtf8(text));
            case long[] list -> {
                java.util.Arrays.stream(list).forEach(attribute::addInts);
                yield attribute.setType(AttributeType.INTS);
            }
            case float[] list -> {
                IntStream.range(0, list.length).forEach(i -> attribute.addFloats(list[i]));
                yield attribute.setType(AttributeType.FLOATS);
            }
            case ConstantValue tensor -> attribute.setType(AttributeType.TENSOR).setT(tensor("", tensor));
            case GraphProto subgraph -> attribute.setType(AttributeType.GRAPH).setG(subgraph);
            default -> throw new IllegalArgumentException("not an attribute: " + value);
        };
    }

    TinyModel output(String... names) {
        for (String name : names) {
            graph.addOutput(ValueInfoProto.newBuilder().setName(name));
        }
        return this;
    }

    ModelProto proto() {
        return ModelProto.newBuilder().setIrVersion(8).setGraph(graph)
            .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(opset)).build();
    }

    Graph imported(TraceOptions options) {
        return OnnxImporter.importModel("tiny.onnx", proto().toByteArray(), options);
    }

    Graph imported() {
        return imported(TraceOptions.NONE);
    }

    /** Runs the imported graph on tensors given in the order of the inputs. */
    List<ConstantValue> run(ConstantValue... inputs) {
        Map<String, ConstantValue> named = new HashMap<>();
        for (int i = 0; i < inputs.length; i++) {
            named.put(graph.getInput(i).getName(), inputs[i]);
        }
        return List.copyOf(Interpreter.run(imported(), named).values());
    }

    /**
     * A model of one node over inputs of the given tensors' shapes, run on them; input names are a, b, c and
     * so on.
     */
    static List<ConstantValue> runNode(int opset, String op, String inputs, String outputs,
        List<Object> attributes,
            ConstantValue... tensors) {
        TinyModel model = new TinyModel(opset);
        for (int i = 0; i < tensors.length; i++) {
            model.input(String.valueOf((char) ('a' + i)), tensors[i].dtype(), tensors[i].sizes().toArray());
        }
        return model.node(op, inputs, outputs, attributes.toArray()).output(outputs.split(" ")).run(tensors);
    }

    static ConstantValue floats(long[] sizes, double... values) {
        return fill(DType.F32, sizes, values);
    }

    static ConstantValue longs(long[] sizes, double... values) {
        return fill(DType.I64, sizes, values);
    }

    static ConstantValue vector(long... values) {
        return ConstantValue.longs(List.of((long) values.length), values);
    }

    static ConstantValue fill(DType dtype, long[] sizes, double... values) {
        ConstantValue constant = ConstantValue.allocate(dtype, java.util.Arrays.stream(sizes).boxed()
            .toList());
        for (int i = 0; i < values.length; i++) {
            constant.set(i, values[i]);
        }
        return constant;
    }

    /** 0, 1, 2 and so on. */
    static ConstantValue iota(long... sizes) {
        int count = (int) java.util.Arrays.stream(sizes).reduce(1, (a, b) -> a * b);
        return floats(sizes, IntStream.range(0, count).asDoubleStream().toArray());
    }

    static double[] doubles(ConstantValue value) {
        return IntStream.range(0, (int) value.numel()).mapToDouble(value::doubleAt).toArray();
    }

    static long[] dims(long... sizes) {
        return sizes;
    }
}
