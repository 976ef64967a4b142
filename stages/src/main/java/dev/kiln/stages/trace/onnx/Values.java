package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The values that are defined so far, by name, and the graph nodes that stand for those which needed one. */
final class Values {
    private final GraphBuilder builder;
    private final ComputedValues computed;
    private final Map<String, Value> values = new HashMap<>();
    private final Map<Value, Arg.Ref> materialized = new IdentityHashMap<>();

    Values(GraphBuilder builder, Map<String, ConstantValue> assumed) {
        this.builder = builder;
        this.computed = new ComputedValues(builder, assumed);
    }

    boolean has(String name) {
        return values.containsKey(name);
    }

    Value get(String name) {
        return values.get(name);
    }

    void put(String name, Value value) {
        values.put(name, value);
    }

    /** The value as a tensor of the graph. */
    Arg.Ref tensor(String name) {
        return tensor(name, values.get(name));
    }

    Arg.Ref tensor(Value value) {
        return tensor("value", value);
    }

    private Arg.Ref tensor(String name, Value value) {
        if (value instanceof Value.Tensor(Arg.Ref ref)) {
            return ref;
        }
        if (value instanceof Value.Sequence) {
            throw Value.Sequence.asTensor();
        }
        Arg.Ref known = materialized.get(value);
        if (known == null) {
            known = value instanceof Value.Known(KnownInts ints) ? materialize(name, ints)
                : builder.constant(name, ((Value.Literal) value).value());
            materialized.put(value, known);
        }
        return known;
    }

    private Arg.Ref materialize(String name, KnownInts ints) {
        if (ints.isConstant()) {
            return builder.constant(name, ints.constant());
        }
        List<Arg.Ref> elements = new ArrayList<>();
        List<SymInt> one = ints.rank() == 0 ? List.of() : List.of(SymInt.ONE);
        for (SymInt value : ints.values()) {
            elements.add(builder.call("aten.full.default", one, value, ints.dtype()));
        }
        Arg.Ref vector = elements.size() == 1 ? elements.getFirst()
            : builder.call("aten.cat.default", elements, 0);
        return ints.rank() < 2 ? vector : builder.call("aten.reshape.default", vector, ints.sizes());
    }

    /** The value's elements, if it is a few integers that are known whatever the inputs are. */
    Optional<KnownInts> known(String name) {
        return switch (values.get(name)) {
            case Value.Known(KnownInts ints) -> Optional.of(ints);
            case Value.Literal literal when isShapeLike(literal.value()) ->
                Optional.of(KnownInts.of(literal.value()));
            case null, default -> Optional.empty();
        };
    }

    private static boolean isShapeLike(ConstantValue value) {
        return value.dtype().kind() != DType.Kind.FLOATING && value.numel() <= KnownInts.LIMIT;
    }

    /** The value's data if it is constant, or follows from what the user said to assume of the inputs. */
    Optional<ConstantValue> constant(String name) {
        return constant(values.get(name));
    }

    Optional<ConstantValue> constant(Value value) {
        return switch (value) {
            case Value.Literal literal -> Optional.of(literal.value());
            case Value.Known(KnownInts ints) when ints.isConstant() -> Optional.of(ints.constant());
            case Value.Tensor(Arg.Ref ref) -> computed.of(ref);
            case null, default -> Optional.empty();
        };
    }
}
