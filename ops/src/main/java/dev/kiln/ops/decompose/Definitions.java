package dev.kiln.ops.decompose;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpArgs;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;

/** Collects what the families of decompositions define. */
record Definitions(BiConsumer<String, Decomposition> known, BiConsumer<String, Decomposition> composite) {

    /** The decomposition (one output) of an op that is registered elsewhere, by its full name. */
    void known(String name, BiFunction<Emit, OpArgs, Arg.Ref> body) {
        known.accept(name, (g, a) -> List.of(body.apply(new Emit(g), a)));
    }

    void knownList(String name, BiFunction<Emit, OpArgs, List<Arg.Ref>> body) {
        known.accept(name, (g, a) -> body.apply(new Emit(g), a));
    }

    /** A new op (one output) that is defined by its decomposition; its shapes follow from it. */
    void op(String schema, BiFunction<Emit, OpArgs, Arg.Ref> body) {
        composite.accept(schema, (g, a) -> List.of(body.apply(new Emit(g), a)));
    }

    void list(String schema, BiFunction<Emit, OpArgs, List<Arg.Ref>> body) {
        composite.accept(schema, (g, a) -> body.apply(new Emit(g), a));
    }
}
