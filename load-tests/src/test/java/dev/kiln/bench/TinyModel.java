package dev.kiln.bench;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** {@code z = tanh(x) * y} of two f32[rows, columns], as an ONNX file. */
final class TinyModel {
    private static final int OPSET = 13;
    private static final int IR_VERSION = 8;

    private TinyModel() {
    }

    static Path write(Path folder) throws IOException {
        GraphProto graph = GraphProto.newBuilder().setName("tiny")
                .addInput(tensor("x")).addInput(tensor("y")).addOutput(tensor("z"))
                .addNode(NodeProto.newBuilder().setOpType("Tanh").addInput("x").addOutput("t"))
                .addNode(NodeProto.newBuilder().setOpType("Mul").addInput("t").addInput("y").addOutput("z"))
                .build();
        ModelProto model = ModelProto.newBuilder().setIrVersion(IR_VERSION).setGraph(graph)
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(OPSET)).build();
        return Files.write(folder.resolve("tiny.onnx"), model.toByteArray());
    }

    private static ValueInfoProto tensor(String name) {
        var shape = TensorShapeProto.newBuilder()
                .addDim(TensorShapeProto.Dimension.newBuilder().setDimParam("rows"))
                .addDim(TensorShapeProto.Dimension.newBuilder().setDimParam("columns"));
        var type = TypeProto.Tensor.newBuilder()
                .setElemType(TensorProto.DataType.FLOAT.getNumber()).setShape(shape);
        return ValueInfoProto.newBuilder().setName(name).setType(TypeProto.newBuilder().setTensorType(type))
                .build();
    }
}
