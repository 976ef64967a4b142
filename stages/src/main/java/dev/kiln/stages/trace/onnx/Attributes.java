package dev.kiln.stages.trace.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.AttributeProto.AttributeType;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import dev.kiln.ops.KilnException;
import java.util.List;
import java.util.Optional;

/** A node's attributes by name, with a type check. */
record Attributes(NodeProto node) {

    boolean has(String name) {
        return find(name, null) != null;
    }

    private AttributeProto find(String name, AttributeType type) {
        for (int i = 0; i < node.getAttributeCount(); i++) {
            AttributeProto attribute = node.getAttribute(i);
            if (attribute.getName().equals(name)) {
                if (type != null && attribute.hasType() && attribute.getType() != type) {
                    throw new KilnException.BadInput(
                        "attribute '" + name + "' must be of type " + type + ", is " + attribute.getType());
                }
                return attribute;
            }
        }
        return null;
    }

    long integer(String name, long otherwise) {
        AttributeProto attribute = find(name, AttributeType.INT);
        return attribute == null ? otherwise : attribute.getI();
    }

    long requireInteger(String name) {
        if (!has(name)) {
            throw missing(name);
        }
        return integer(name, 0);
    }

    boolean flag(String name, boolean otherwise) {
        return integer(name, otherwise ? 1 : 0) != 0;
    }

    float real(String name, float otherwise) {
        AttributeProto attribute = find(name, AttributeType.FLOAT);
        return attribute == null ? otherwise : attribute.getF();
    }

    String string(String name, String otherwise) {
        AttributeProto attribute = find(name, AttributeType.STRING);
        return attribute == null ? otherwise : attribute.getS().toStringUtf8();
    }

    Optional<long[]> integers(String name) {
        AttributeProto attribute = find(name, AttributeType.INTS);
        return attribute == null ? Optional.empty()
            : Optional.of(attribute.getIntsList().stream().mapToLong(Long::longValue).toArray());
    }

    long[] requireIntegers(String name) {
        return integers(name).orElseThrow(() -> missing(name));
    }

    Optional<List<Float>> reals(String name) {
        AttributeProto attribute = find(name, AttributeType.FLOATS);
        return attribute == null ? Optional.empty() : Optional.of(attribute.getFloatsList());
    }

    /** The seed of random numbers: a float, or an integer in some operators. */
    long seed(long otherwise) {
        AttributeProto attribute = find("seed", null);
        return attribute == null ? otherwise
            : attribute.getType() == AttributeType.INT ? attribute.getI() : Float.floatToIntBits(attribute.getF());
    }

    Optional<List<String>> strings(String name) {
        AttributeProto attribute = find(name, AttributeType.STRINGS);
        return attribute == null ? Optional.empty()
            : Optional.of(attribute.getStringsList().stream().map(ByteString::toStringUtf8).toList());
    }

    Optional<TensorProto> tensor(String name) {
        AttributeProto attribute = find(name, AttributeType.TENSOR);
        return attribute == null ? Optional.empty() : Optional.of(attribute.getT());
    }

    Optional<GraphProto> graph(String name) {
        AttributeProto attribute = find(name, AttributeType.GRAPH);
        return attribute == null ? Optional.empty() : Optional.of(attribute.getG());
    }

    static KilnException.BadInput missing(String name) {
        return new KilnException.BadInput("attribute '" + name + "' is missing");
    }
}
