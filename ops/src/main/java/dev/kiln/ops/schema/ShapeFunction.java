package dev.kiln.ops.schema;

import dev.kiln.ops.graph.FakeTensor;
import java.util.List;

/** Infers what a call gives (one entry an output) from its arguments; wrong ones are a {@code BadInput}. */
@FunctionalInterface
public interface ShapeFunction {
    List<FakeTensor> infer(OpArgs args);

    /** A shape function of an op with one output. */
    static ShapeFunction single(java.util.function.Function<OpArgs, FakeTensor> function) {
        return args -> List.of(function.apply(args));
    }
}
