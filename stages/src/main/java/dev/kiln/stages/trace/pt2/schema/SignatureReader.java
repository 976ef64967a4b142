package dev.kiln.stages.trace.pt2.schema;

import dev.kiln.stages.trace.pt2.schema.Json.Variant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads what inputs and outputs stand for; schema 1 said it by tables of names. */
final class SignatureReader {
    private final Json json;
    private final ProgramGraph graph;

    SignatureReader(Json json, ProgramGraph graph) {
        this.json = json;
        this.graph = graph;
    }

    List<InputSpec> inputs() {
        return isOld() ? oldInputs() : json.get("input_specs").list(SignatureReader::input);
    }

    List<OutputSpec> outputs() {
        return isOld() ? oldOutputs() : json.get("output_specs").list(SignatureReader::output);
    }

    private boolean isOld() {
        return !json.has("input_specs");
    }

    private static InputSpec input(Json json) {
        Variant variant = json.variant();
        Json value = variant.value();
        return switch (variant.name()) {
            case "user_input" -> new InputSpec.User(ArgumentReader.read(value.get("arg")));
            case "parameter" -> new InputSpec.Parameter(argument(value), value.get("parameter_name").text());
            case "buffer" -> new InputSpec.Buffer(argument(value), value.get("buffer_name").text(),
                value.optional("persistent", Json::bool).orElse(true));
            case "tensor_constant" -> new InputSpec.TensorConstant(argument(value),
                value.get("tensor_constant_name").text());
            case "constant_input" -> new InputSpec.Constant(value.get("name").text(),
                ArgumentReader.read(value.get("value")));
            case "custom_obj" -> new InputSpec.Foreign("custom object", value.get("custom_obj_name").text());
            case "token" -> new InputSpec.Foreign("effect token", argument(value));
            default -> throw variant.unknown("kind of input");
        };
    }

    private static String argument(Json value) {
        return ArgumentReader.name(value.get("arg"));
    }

    private static OutputSpec output(Json json) {
        Variant variant = json.variant();
        Json value = variant.value();
        return switch (variant.name()) {
            case "user_output" -> new OutputSpec.User(ArgumentReader.read(value.get("arg")));
            case "buffer_mutation" -> mutation(value, "buffer_name");
            case "parameter_mutation" -> mutation(value, "parameter_name");
            case "user_input_mutation" -> mutation(value, "user_input_name");
            case "loss_output", "gradient_to_parameter", "gradient_to_user_input", "token" ->
                new OutputSpec.Foreign(new Argument.Tensor(argument(value)), variant.name());
            default -> throw variant.unknown("kind of output");
        };
    }

    private static OutputSpec mutation(Json value, String name) {
        return new OutputSpec.Mutation(new Argument.Tensor(argument(value)), value.get(name).text());
    }

    private List<InputSpec> oldInputs() {
        Map<String, String> parameters = json.get("inputs_to_parameters").map(Json::text);
        Map<String, String> buffers = json.get("inputs_to_buffers").map(Json::text);
        List<InputSpec> specs = new ArrayList<>();
        for (Argument input : graph.inputs()) {
            String name = input instanceof Argument.Tensor(String n) ? n : "";
            specs.add(parameters.containsKey(name) ? new InputSpec.Parameter(name, parameters.get(name))
                : buffers.containsKey(name) ? new InputSpec.Buffer(name, buffers.get(name), true)
                : new InputSpec.User(input));
        }
        return specs;
    }

    private List<OutputSpec> oldOutputs() {
        Map<String, String> mutations = new HashMap<>(json.get("buffers_to_mutate").map(Json::text));
        Optional<Json> backward = json.optional("backward_signature");
        List<OutputSpec> specs = new ArrayList<>();
        for (Argument output : graph.outputs()) {
            String target = output instanceof Argument.Tensor(String n) ? mutations.remove(n) : null;
            specs.add(target != null ? new OutputSpec.Mutation(output, target)
                : backward.isPresent() && !isUserOutput(output) ? new OutputSpec.Foreign(output, "gradient")
                : new OutputSpec.User(output));
        }
        return specs;
    }

    private boolean isUserOutput(Argument output) {
        return output instanceof Argument.Tensor(String name)
            && json.get("user_outputs").list(ArgumentReader::name).contains(name);
    }
}
