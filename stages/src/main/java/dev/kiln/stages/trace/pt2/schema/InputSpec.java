package dev.kiln.stages.trace.pt2.schema;

/** What a graph input stands for; the order is that of the graph's inputs. */
public sealed interface InputSpec {
    record User(Argument value) implements InputSpec {
    }

    record Parameter(String input, String name) implements InputSpec {
    }

    /** Not persistent: its data lies with the constants. */
    record Buffer(String input, String name, boolean persistent) implements InputSpec {
    }

    record TensorConstant(String input, String name) implements InputSpec {
    }

    /** An input whose value was fixed at export. */
    record Constant(String input, Argument value) implements InputSpec {
    }

    /** A script object or an effect token. */
    record Foreign(String kind, String name) implements InputSpec {
    }
}
