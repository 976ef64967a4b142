package dev.kiln.ops.schema;

import dev.kiln.ops.graph.Arg;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * An operator's signature in PyTorch's schema language, e.g.
 * {@code aten.add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor}.
 */
public record OpSchema(String name, List<Parameter> parameters, List<String> returns) {

    /** A parameter: its type as written ({@code Tensor}, {@code SymInt[]}, {@code ScalarType?}), its default if any. */
    public record Parameter(String name, String type, Optional<Arg> defaultValue) {
        public boolean optional() {
            return type.endsWith("?");
        }
    }

    public static OpSchema parse(String text) {
        return OpSchemaParser.parse(text);
    }

    /** The schema's text, with the defaults as graphs print them. */
    public String signature() {
        return name + parameters.stream()
            .map(p -> p.type() + " " + p.name() + p.defaultValue().map(v -> "=" + v).orElse(""))
            .collect(Collectors.joining(", ", "(", ") -> ")) + String.join(", ", returns);
    }

    public int indexOf(String parameter) {
        for (int i = 0; i < parameters.size(); i++) {
            if (parameters.get(i).name().equals(parameter)) {
                return i;
            }
        }
        throw new IllegalArgumentException(name + " has no parameter '" + parameter + "'");
    }

    /** The arguments with defaults filled in, checked against the parameters' types. */
    public List<Arg> complete(List<Arg> args) {
        if (args.size() > parameters.size()) {
            throw new IllegalArgumentException(
                name + " takes " + parameters.size() + " arguments, got " + args.size());
        }
        List<Arg> complete = new ArrayList<>();
        for (int i = 0; i < parameters.size(); i++) {
            Parameter parameter = parameters.get(i);
            Arg given = i < args.size() ? args.get(i)
                : parameter.defaultValue().orElseThrow(() -> new IllegalArgumentException(
                    name + ": argument '" + parameter.name() + "' is missing"));
            complete.add(ArgTypes.coerce(name, parameter, given));
        }
        return complete;
    }
}
