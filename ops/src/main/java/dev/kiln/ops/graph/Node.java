package dev.kiln.ops.graph;

import dev.kiln.ops.schema.OpOverload;
import java.util.List;

/** A node of a {@link Graph}: an input, a constant, or the call of an operator. */
public sealed interface Node {
    /** The SSA name, unique in its graph: letters, digits and underscores. */
    String name();

    /** What it computes, one entry an output. */
    List<FakeTensor> outputs();

    /** A graph input; {@code source} is the name that the user knows it by. */
    record Placeholder(String name, String source, FakeTensor tensor) implements Node {
        @Override
        public List<FakeTensor> outputs() {
            return List.of(tensor);
        }
    }

    /** A tensor known at compile time: a weight or a literal. */
    record Constant(String name, FakeTensor tensor, ConstantValue value) implements Node {
        @Override
        public List<FakeTensor> outputs() {
            return List.of(tensor);
        }
    }

    /**
     * The call of an operator. The arguments are complete and in schema order (defaults filled in);
     * {@code meta} says where it comes from, and does not change what it computes in exact arithmetic.
     */
    record Call(String name, OpOverload op, List<Arg> args, List<FakeTensor> outputs, NodeMeta meta)
            implements Node {
        public Call {
            args = List.copyOf(args);
            outputs = List.copyOf(outputs);
        }

        /** Names of the nodes of the user's model that it comes from. */
        public List<String> sources() {
            return meta.sources();
        }

        /** The metadata of calls that this one is replaced by. */
        public NodeMeta replacementMeta() {
            return meta.ofReplacement(op.name());
        }

        /** The overload that the user's graph had here. */
        public String originalAten() {
            return meta.originalAten().orElse(op.name());
        }

        public Call withMeta(NodeMeta other) {
            return new Call(name, op, args, outputs, other);
        }

        public List<Arg.Ref> inputs() {
            return args.stream().flatMap(a -> a.references().stream()).toList();
        }

        public boolean is(String overload) {
            return op.name().equals(overload);
        }

        public Arg arg(int index) {
            return args.get(index);
        }

        /** The argument of that name in the schema. */
        public Arg arg(String parameter) {
            return args.get(op.schema().indexOf(parameter));
        }
    }

    default FakeTensor output(int index) {
        return outputs().get(index);
    }
}
