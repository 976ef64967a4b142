package dev.kiln.stages.trace.pt2.schema;

import java.util.List;

/**
 * A call: the operator by its Python name, arguments by the operator's names for them, results.
 *
 * @param source what the call is named in the user's program; empty if the exporter did not note it
 */
public record ProgramNode(String target, List<Input> inputs, List<Argument> outputs, String source) {
    /** An argument; higher-order operators leave the name empty. */
    public record Input(String name, Argument value) {
    }
}
