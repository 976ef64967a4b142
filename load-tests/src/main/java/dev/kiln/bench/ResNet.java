package dev.kiln.bench;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;

/**
 * ResNet-18 (He et al., 2015) as an ONNX model with random weights, as exporters leave it for inference: batch norms
 * folded into the convolutions. Input {@code x} f32[1, 3, 224, 224], output {@code y} f32[1, 1000].
 */
final class ResNet {
    private static final int OPSET = 16;

    private final GraphProto.Builder graph = GraphProto.newBuilder().setName("resnet18");
    private final Random random = new Random(18);
    private int names;

    private ResNet() {
    }

    static byte[] resnet18() {
        ResNet net = new ResNet();
        net.graph.addInput(value("x", 1, 3, 224, 224)).addOutput(value("y", 1, 1000));
        String image = net.relu(net.convolve("x", 3, 64, 7, 2));
        image = net.node("MaxPool", image, ints("kernel_shape", 3, 3), ints("strides", 2, 2), ints("pads", 1, 1, 1, 1));
        int channels = 64;
        for (int width : new int[] {64, 128, 256, 512}) {
            image = net.block(image, channels, width, width == 64 ? 1 : 2);
            image = net.block(image, width, width, 1);
            channels = width;
        }
        String features = net.node("Flatten", net.node("GlobalAveragePool", image));
        net.graph.addNode(NodeProto.newBuilder().setOpType("Gemm").addInput(features)
            .addInput(net.weight(1000, 512)).addInput(net.weight(1000)).addOutput("y").addAttribute(
                AttributeProto.newBuilder().setName("transB").setType(AttributeProto.AttributeType.INT).setI(1)));
        return ModelProto.newBuilder().setIrVersion(8).setGraph(net.graph)
            .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(OPSET)).build().toByteArray();
    }

    private String block(String image, int in, int out, int stride) {
        String inner = relu(convolve(image, in, out, 3, stride));
        String sum = convolve(inner, out, out, 3, 1);
        String shortcut = stride == 1 && in == out ? image : convolve(image, in, out, 1, stride);
        String added = "v" + names++;
        graph.addNode(NodeProto.newBuilder().setOpType("Add").addInput(sum).addInput(shortcut).addOutput(added));
        return relu(added);
    }

    private String convolve(String image, int in, int out, int kernel, int stride) {
        String result = "v" + names++;
        int pad = kernel / 2;
        graph.addNode(NodeProto.newBuilder().setOpType("Conv").addInput(image).addInput(weight(out, in, kernel, kernel))
            .addInput(weight(out)).addOutput(result).addAttribute(ints("strides", stride, stride))
            .addAttribute(ints("pads", pad, pad, pad, pad)));
        return result;
    }

    private String relu(String image) {
        return node("Relu", image);
    }

    private String node(String op, String input, AttributeProto... attributes) {
        graph.addNode(NodeProto.newBuilder().setOpType(op).addInput(input).addOutput("v" + names)
            .addAllAttribute(List.of(attributes)));
        return "v" + names++;
    }

    private static AttributeProto ints(String name, long... values) {
        AttributeProto.Builder attribute = AttributeProto.newBuilder().setName(name)
            .setType(AttributeProto.AttributeType.INTS);
        LongStream.of(values).forEach(attribute::addInts);
        return attribute.build();
    }

    /** Scaled so that activations keep their size from layer to layer. */
    private String weight(long... sizes) {
        int count = (int) LongStream.of(sizes).reduce(1, (a, b) -> a * b);
        double scale = Math.sqrt(1.0 / Math.max(1, count / sizes[0]));
        ByteBuffer data = ByteBuffer.allocate(count * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < count; i++) {
            data.putFloat((float) (random.nextGaussian() * scale));
        }
        TensorProto.Builder tensor = TensorProto.newBuilder().setName("w" + names)
            .setDataType(TensorProto.DataType.FLOAT_VALUE).setRawData(ByteString.copyFrom(data.flip()));
        LongStream.of(sizes).forEach(tensor::addDims);
        graph.addInitializer(tensor);
        return "w" + names++;
    }

    private static ValueInfoProto value(String name, long... sizes) {
        TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
        LongStream.of(sizes).forEach(s -> shape.addDim(TensorShapeProto.Dimension.newBuilder().setDimValue(s)));
        return ValueInfoProto.newBuilder().setName(name).setType(TypeProto.newBuilder().setTensorType(TypeProto.Tensor
            .newBuilder().setElemType(TensorProto.DataType.FLOAT_VALUE).setShape(shape))).build();
    }
}
