package dev.kiln.stages.trace.pt2;

import dev.kiln.ops.graph.Arg;
import java.util.Optional;
import java.util.function.BinaryOperator;
import java.util.function.Supplier;

/**
 * How a value is part of another's memory.
 *
 * @param taken computes the part from what the whole is now; null if it is not known whether they share memory
 * @param written the whole with the part in its place; null where Kiln cannot tell
 */
record View(Supplier<Arg.Ref> taken, BinaryOperator<Arg.Ref> written) {
    /** They may or may not share memory. */
    static final View UNKNOWN = new View(null, null);

    boolean canBeTaken() {
        return taken != null;
    }

    Arg.Ref take() {
        return taken.get();
    }

    Optional<Arg.Ref> write(Arg.Ref whole, Arg.Ref part) {
        return written == null ? Optional.empty() : Optional.of(written.apply(whole, part));
    }
}
