package dev.kiln;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Models for tests. */
public final class Models {
    private static final int FLOAT = TensorProto.DataType.FLOAT_VALUE;

    private Models() {
    }

    /** all-MiniLM-L6-v2 as a file. */
    public static Path miniLm() {
        return resource("all-minilm-l6-v2.onnx");
    }

    /** The same with weights of 8 bits, and activations that are quantised while it runs. */
    public static Path quantizedMiniLm() {
        return resource("all-minilm-l6-v2-q.onnx");
    }

    private static synchronized Path resource(String name) {
        Path file = Path.of("target", "models", name).toAbsolutePath();
        if (Files.exists(file)) {
            return file;
        }
        try (InputStream in = Models.class.getResourceAsStream("/" + name)) {
            Files.createDirectories(file.getParent());
            Path partial = file.resolveSibling("partial-" + ProcessHandle.current().pid());
            Files.copy(in, partial, StandardCopyOption.REPLACE_EXISTING);
            return Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** {@code y = relu(x @ w + b)} with x of {@code [n, 4]}, w of ones and b of {@code bias}: y is [n, 3]. */
    public static Path linear(Path file, float bias) {
        TensorProto.Builder w = tensor("w", 4, 3);
        for (int i = 0; i < 12; i++) {
            w.addFloatData(1);
        }
        TensorProto.Builder b = tensor("b", 3).addFloatData(bias).addFloatData(bias).addFloatData(bias);
        GraphProto.Builder graph = GraphProto.newBuilder().setName("linear").addInput(value("x", -1, 4))
            .addOutput(value("y", -1, 3)).addInitializer(w).addInitializer(b)
            .addNode(node("MatMul", "xw", "x", "w")).addNode(node("Add", "z", "xw", "b"))
            .addNode(node("Relu", "y", "z"));
        return write(file, graph);
    }

    /** {@code y = op(x)} with x and y of {@code [2]}. */
    public static Path unary(Path file, String op) {
        return write(file, GraphProto.newBuilder().setName("unary").addInput(value("x", 2))
            .addOutput(value("y", 2))
            .addNode(node(op, "y", "x")));
    }

    public static Path write(Path file, GraphProto.Builder graph) {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            return Files.write(file, ModelProto.newBuilder().setIrVersion(8).setGraph(graph)
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(17)).build().toByteArray());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static TensorProto.Builder tensor(String name, long... sizes) {
        TensorProto.Builder tensor = TensorProto.newBuilder().setName(name).setDataType(FLOAT);
        for (long size : sizes) {
            tensor.addDims(size);
        }
        return tensor;
    }

    /** A size of -1 is the dynamic dimension {@code n}. */
    public static ValueInfoProto.Builder value(String name, long... sizes) {
        TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
        for (long size : sizes) {
            TensorShapeProto.Dimension.Builder dim = shape.addDimBuilder();
            if (size < 0) {
                dim.setDimParam("n");
            } else {
                dim.setDimValue(size);
            }
        }
        return ValueInfoProto.newBuilder().setName(name).setType(TypeProto.newBuilder().setTensorType(
            TypeProto.Tensor.newBuilder().setElemType(FLOAT).setShape(shape)));
    }

    public static NodeProto.Builder node(String op, String output, String... inputs) {
        NodeProto.Builder node = NodeProto.newBuilder().setName(output + "_node").setOpType(op)
            .addOutput(output);
        for (String input : inputs) {
            node.addInput(input);
        }
        return node;
    }
}
