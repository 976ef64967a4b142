package dev.kiln.stages.trace.pt2;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The JSON of an exported program in the newest schema, built node by node, and its weights. */
final class TinyProgram {
    static final ObjectMapper JSON = new ObjectMapper();

    final ObjectNode root = object("{\"graph_module\":{\"graph\":{\"inputs\":[],\"outputs\":[],\"nodes\":[],"
        + "\"tensor_values\":{},\"sym_int_values\":{},\"sym_bool_values\":{},\"is_single_tensor_return\":false},"
        + "\"signature\":{\"input_specs\":[],\"output_specs\":[]},\"module_call_graph\":[],\"metadata\":{}},"
        + "\"opset_version\":{\"aten\":10},\"range_constraints\":{},"
        + "\"schema_version\":{\"major\":8,\"minor\":15},\"verifiers\":[\"TRAINING\"],"
        + "\"torch_version\":\"2.11.0\",\"guards_code\":[]}");
    final Map<String, Weight> weights = new LinkedHashMap<>();
    final Map<String, Weight> constants = new LinkedHashMap<>();
    final Map<String, byte[]> storages = new LinkedHashMap<>();

    /** A view of a storage of 32-bit floats. */
    record Weight(String storage, long offset, List<Long> sizes, List<Long> strides) {
    }

    static JsonNode json(String text) {
        try {
            return JSON.readTree(text.replace('\'', '"'));
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(e);
        }
    }

    static ObjectNode object(String text) {
        return (ObjectNode) json(text);
    }

    static byte[] floats(float... values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
            bytes.putFloat(value);
        }
        return bytes.array();
    }

    ObjectNode graph() {
        return (ObjectNode) root.get("graph_module").get("graph");
    }

    private ArrayNode specs(String kind) {
        return (ArrayNode) root.get("graph_module").get("signature").get(kind);
    }

    /** A user input of 32-bit floats; a size is a number or a symbol. */
    TinyProgram input(String name, Object... sizes) {
        return input(7, name, sizes);
    }

    TinyProgram input(int dtype, String name, Object... sizes) {
        value(dtype, name, sizes);
        return spec(name, "{'user_input':{'arg':{'as_tensor':{'name':'" + name + "'}}}}");
    }

    /** An input that is not a tensor. */
    TinyProgram literal(String argument) {
        ((ArrayNode) graph().get("inputs")).add(json(argument));
        specs("input_specs").add(json("{'user_input':{'arg':" + argument + "}}"));
        return this;
    }

    /** A graph input with any spec. */
    TinyProgram spec(String name, String spec) {
        ((ArrayNode) graph().get("inputs")).add(json("{'as_tensor':{'name':'" + name + "'}}"));
        specs("input_specs").add(json(spec));
        return this;
    }

    TinyProgram storage(String name, float... values) {
        storages.put(name, floats(values));
        return this;
    }

    TinyProgram parameter(String name, String storage, long... sizes) {
        return parameter(name, dense(storage, sizes));
    }

    TinyProgram parameter(String name, Weight weight) {
        weights.put(name, weight);
        String input = "p_" + name.replace('.', '_');
        value(7, input, weight.sizes.toArray());
        return spec(input, "{'parameter':{'arg':{'name':'" + input + "'},'parameter_name':'" + name + "'}}");
    }

    TinyProgram buffer(String name, boolean persistent, String storage, long... sizes) {
        (persistent ? weights : constants).put(name, dense(storage, sizes));
        String input = "b_" + name.replace('.', '_');
        value(7, input, dense(storage, sizes).sizes.toArray());
        return spec(input, "{'buffer':{'arg':{'name':'" + input + "'},'buffer_name':'" + name
            + "','persistent':" + persistent + "}}");
    }

    TinyProgram constant(String name, String storage, long... sizes) {
        constants.put(name, dense(storage, sizes));
        String input = "c_" + name.replace('.', '_');
        value(7, input, dense(storage, sizes).sizes.toArray());
        return spec(input, "{'tensor_constant':{'arg':{'name':'" + input + "'},'tensor_constant_name':'"
            + name + "'}}");
    }

    static Weight dense(String storage, long... sizes) {
        Long[] strides = new Long[sizes.length];
        long stride = 1;
        for (int d = sizes.length - 1; d >= 0; d--) {
            strides[d] = stride;
            stride *= Math.max(1, sizes[d]);
        }
        return new Weight(storage, 0, java.util.Arrays.stream(sizes).boxed().toList(), List.of(strides));
    }

    /** Metadata of a value. */
    TinyProgram value(int dtype, String name, Object... sizes) {
        ((ObjectNode) graph().get("tensor_values")).set(name, meta(dtype, 0, List.of(sizes), null));
        return this;
    }

    static ObjectNode meta(int dtype, long offset, List<?> sizes, List<Long> strides) {
        ObjectNode meta = object("{'dtype':" + dtype + ",'sizes':[],'requires_grad':false,"
            + "'device':{'type':'cpu','index':null},'strides':[],'storage_offset':{'as_int':"
            + offset + "},'layout':7}");
        sizes.forEach(s -> ((ArrayNode) meta.get("sizes")).add(size(s)));
        (strides == null ? sizes : strides).forEach(s -> ((ArrayNode) meta.get("strides")).add(size(s)));
        return meta;
    }

    private static JsonNode size(Object size) {
        ObjectNode node = JSON.createObjectNode();
        if (size instanceof String text) {
            ObjectNode expr = node.putObject("as_expr").put("expr_str", text);
            expr.putObject("hint").put("as_int", 4);
        } else {
            node.put("as_int", ((Number) size).longValue());
        }
        return node;
    }

    /** @param inputs name and argument (JSON with single quotes) in turn; {@code %x} is the tensor x */
    TinyProgram node(String target, String output, String... inputs) {
        return call("torch.ops.aten." + target, output.isEmpty() ? "[]"
            : "[{'as_tensor':{'name':'" + output + "'}}]", inputs);
    }

    /** A node with any target and outputs. */
    TinyProgram call(String target, String outputs, String... inputs) {
        ObjectNode node = object("{'metadata':{},'is_hop_single_tensor_return':null}").put("target", target);
        ArrayNode args = node.putArray("inputs");
        for (int i = 0; i < inputs.length; i += 2) {
            String arg = inputs[i + 1];
            args.addObject().put("name", inputs[i]).put("kind", 1).set("arg",
                json(arg.startsWith("%") ? "{'as_tensor':{'name':'" + arg.substring(1) + "'}}" : arg));
        }
        node.set("outputs", json(outputs));
        ((ArrayNode) graph().get("nodes")).add(node);
        return this;
    }

    TinyProgram output(String name) {
        String arg = "{'as_tensor':{'name':'" + name + "'}}";
        return output(arg, "{'user_output':{'arg':" + arg + "}}");
    }

    TinyProgram output(String value, String spec) {
        ((ArrayNode) graph().get("outputs")).add(json(value));
        specs("output_specs").add(json(spec));
        return this;
    }

    TinyProgram range(String symbol, Long min, Long max) {
        ((ObjectNode) root.get("range_constraints")).putObject(symbol).put("min_val", min).put("max_val", max);
        return this;
    }

    /** {@code relu(linear(x))} with a batch of any size; weights of 1 to 6, biases of 10 and -30. */
    static TinyProgram linear(Object batch) {
        return new TinyProgram().storage("w", 1, 2, 3, 4, 5, 6).storage("b", 10, -30)
            .parameter("fc.weight", "w", 2, 3).parameter("fc.bias", "b", 2)
            .input("x", batch, 3)
            .node("linear.default", "linear", "input", "%x", "weight", "%p_fc_weight", "bias", "%p_fc_bias")
            .value(7, "linear", batch, 2)
            .node("relu.default", "relu", "self", "%linear").value(7, "relu", batch, 2).output("relu");
    }
}
