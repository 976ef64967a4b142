package dev.kiln.stages.autograd;

import dev.kiln.ops.decompose.Decomposition;
import dev.kiln.ops.decompose.Decompositions;
import dev.kiln.ops.decompose.Expansion;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.ShapeEnv;
import java.util.function.Function;

/** How dear a call is to compute again, cheapest first; a composite op is as dear as the dearest that it is made of. */
enum OpClass {
    /** Costs nothing: index arithmetic. */
    VIEW,
    POINTWISE,
    INDEXING,
    REDUCTION,
    /** Scans, sorts, writes by index. */
    SEQUENTIAL,
    COMPUTE_INTENSIVE,
    /** Gives sizes that depend on data. */
    DATA_SIZED,
    /** Would give other numbers, or, with its state at hand, the same for ten rounds of products each. */
    RANDOM;

    /** Whether it is on the list of what may be computed again. */
    boolean isRecomputable() {
        return compareTo(REDUCTION) <= 0;
    }

    /** Whether a kernel may hold it together with a fusible neighbour. */
    boolean isFusible() {
        return isRecomputable() || this == RANDOM;
    }

    static OpClass of(Node.Call call, Function<Arg.Ref, FakeTensor> tensors, ShapeEnv shapes) {
        if (Decompositions.isRandom(call.op()) || call.op().packet().equals("philox")) {
            return RANDOM;
        }
        return switch (call.op().kind()) {
            case VIEW -> VIEW;
            case ELEMENTWISE, FACTORY -> POINTWISE;
            case INDEXING -> INDEXING;
            case REDUCTION -> REDUCTION;
            case SEQUENTIAL -> SEQUENTIAL;
            case CONTRACTION -> COMPUTE_INTENSIVE;
            case DATA_SIZED -> DATA_SIZED;
            case COMPOSITE -> ofParts(call, tensors, shapes);
        };
    }

    private static OpClass ofParts(Node.Call call, Function<Arg.Ref, FakeTensor> tensors, ShapeEnv shapes) {
        Decomposition decomposition = Decompositions.find(call.op()).orElseThrow();
        Expansion parts = Expansion.of(decomposition, new OpArgs(call.op().schema(), call.args(), tensors, shapes));
        return parts.builder().build().calls().stream()
            .map(c -> of(c, parts.builder()::tensor, shapes)).max(OpClass::compareTo).orElse(VIEW);
    }
}
