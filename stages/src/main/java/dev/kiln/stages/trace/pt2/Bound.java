package dev.kiln.stages.trace.pt2;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.Guard;

/** What a name of the exported graph stands for. */
sealed interface Bound {
    /** A tensor of the graph, a size, or a literal. */
    record Plain(Arg arg) implements Bound {
    }

    /** A condition on sizes that nobody has asked about yet. */
    record Condition(Guard guard) implements Bound {
    }

    /** A symbolic float: exact as long as nothing but rounding uses it. */
    record Quotient(Fraction value) implements Bound {
    }

    /** A result that Kiln does not compute, for which the operator's name stands; nobody may read it. */
    record Missing(String operator) implements Bound {
    }
}
