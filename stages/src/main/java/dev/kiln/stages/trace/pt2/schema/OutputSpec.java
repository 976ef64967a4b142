package dev.kiln.stages.trace.pt2.schema;

/** What a graph output stands for; the order is that of the graph's outputs. */
public sealed interface OutputSpec {
    Argument value();

    record User(Argument value) implements OutputSpec {
    }

    /** The new value of a buffer, parameter or input that the model changes. */
    record Mutation(Argument value, String target) implements OutputSpec {
    }

    /** Something that inference does not have: a gradient or an effect token. */
    record Foreign(Argument value, String kind) implements OutputSpec {
    }
}
