package dev.kiln.stages.trace.pt2;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;

/** Rewrites a program of the newest schema as older PyTorch versions wrote it. */
final class OldEncodings {
    private static final Set<String> SPECS = Set.of("user_input", "parameter", "buffer", "tensor_constant",
        "user_output", "buffer_mutation", "constant_input");

    private OldEncodings() {
    }

    /** Unions as {@code {"$type": ..., "$value": ...}}, schema 4. */
    static JsonNode typed(TinyProgram program) {
        ObjectNode root = (ObjectNode) rewrite(program.root, true);
        root.set("schema_version", TinyProgram.json("{'major':4,'minor':2}"));
        return root;
    }

    /** Schema 1: every variant present, bare version, metadata one level deeper, signature as tables, call_spec. */
    static JsonNode first(TinyProgram program) {
        ObjectNode root = (ObjectNode) rewrite(program.root, false);
        root.put("schema_version", 1);
        root.putArray("equality_constraints");
        root.set("range_constraints", TinyProgram.json("{'s0':{'min_val':2,'max_val':9223372036854775806}}"));
        ObjectNode module = (ObjectNode) root.get("graph_module");
        module.remove("module_call_graph");
        module.set("call_spec", TinyProgram.json("{'in_spec':'','out_spec':''}"));
        ObjectNode values = (ObjectNode) module.get("graph").get("tensor_values");
        values.fieldNames().forEachRemaining(name -> {
            ObjectNode meta = (ObjectNode) values.get(name);
            meta.put("storage_offset", 0);
            values.set(name, TinyProgram.JSON.createObjectNode().set("meta", meta));
        });
        module.set("signature", tables(program.root.get("graph_module").get("signature")));
        return root;
    }

    private static ObjectNode tables(JsonNode signature) {
        ObjectNode tables = TinyProgram.object("{'inputs_to_parameters':{},'inputs_to_buffers':{},'user_inputs':[],"
            + "'user_outputs':[],'buffers_to_mutate':{},'backward_signature':null}");
        for (JsonNode spec : signature.get("input_specs")) {
            if (spec.has("parameter")) {
                ((ObjectNode) tables.get("inputs_to_parameters")).put(
                    spec.get("parameter").get("arg").get("name").asText(),
                    spec.get("parameter").get("parameter_name").asText());
            } else if (spec.has("buffer")) {
                ((ObjectNode) tables.get("inputs_to_buffers")).put(spec.get("buffer").get("arg").get("name").asText(),
                    spec.get("buffer").get("buffer_name").asText());
            } else {
                ((ArrayNode) tables.get("user_inputs")).add(
                    spec.get("user_input").get("arg").get("as_tensor").get("name"));
            }
        }
        for (JsonNode spec : signature.get("output_specs")) {
            ((ArrayNode) tables.get("user_outputs")).add(spec.get("user_output").get("arg").get("as_tensor")
                .get("name"));
        }
        return tables;
    }

    private static JsonNode rewrite(JsonNode node, boolean typed) {
        if (node.isArray()) {
            ArrayNode copy = TinyProgram.JSON.createArrayNode();
            node.forEach(n -> copy.add(rewrite(n, typed)));
            return copy;
        }
        if (!node.isObject()) {
            return node;
        }
        ObjectNode copy = TinyProgram.JSON.createObjectNode();
        for (Iterator<Map.Entry<String, JsonNode>> fields = node.fields(); fields.hasNext();) {
            Map.Entry<String, JsonNode> field = fields.next();
            copy.set(field.getKey(), rewrite(field.getValue(), typed));
        }
        String only = copy.size() == 1 ? copy.fieldNames().next() : "";
        if (!only.startsWith("as_") && !SPECS.contains(only)) {
            return copy;
        }
        if (typed) {
            return TinyProgram.JSON.createObjectNode().put("$type", only).set("$value", copy.get(only));
        }
        for (String variant : new String[] {"as_none", "as_tensor", "as_tensors", "as_int", "as_ints", "as_float",
            "as_string", "as_bool", "as_expr"}) {
            if (!copy.has(variant)) {
                copy.putNull(variant);
            }
        }
        if (only.equals("as_none")) {
            copy.putArray("as_none");
        }
        return copy;
    }
}
