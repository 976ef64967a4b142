package dev.kiln.ops.schema;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.decompose.ComplexDecompositions;
import dev.kiln.ops.decompose.Decomposition;
import dev.kiln.ops.decompose.Decompositions;
import dev.kiln.ops.decompose.Expansion;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import java.util.List;
import java.util.Optional;

/**
 * Calls with complex tensors. None has a kernel: each is rewritten into calls on the parts, tensors of numbers with a
 * last dimension of 2.
 */
public final class ComplexNumbers {
    private ComplexNumbers() {
    }

    /** Whether a tensor argument is complex, or a complex result is asked for. */
    public static boolean occur(OpArgs args) {
        for (Arg arg : args.values()) {
            if (isComplex(arg, args)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isComplex(Arg arg, OpArgs args) {
        if (arg instanceof Arg.Type type) {
            return type.value().isComplex();
        }
        for (Arg.Ref reference : arg.references()) {
            if (args.tensors().apply(reference).dtype().isComplex()) {
                return true;
            }
        }
        return false;
    }

    /** The rewriting of a call; empty if nothing in it is complex, or if it is composite as it stands. */
    public static Optional<Decomposition> decomposition(OpOverload op, OpArgs args) {
        boolean rewritten = !ComplexDecompositions.isView(op.name()) && occur(args);
        return rewritten ? ComplexDecompositions.find(op.name()) : Optional.empty();
    }

    static Optional<List<FakeTensor>> outputs(OpOverload op, OpArgs args) {
        if (ComplexDecompositions.isView(op.name()) || !occur(args)) {
            return Optional.empty();
        }
        Optional<Decomposition> rewriting = ComplexDecompositions.find(op.name())
            .or(() -> op.kind() == OpKind.COMPOSITE ? Decompositions.find(op) : Optional.empty());
        if (rewriting.isEmpty()) {
            throw new KilnException.Unsupported(op.name() + " of complex numbers is not supported; compute with the parts"
                + " that aten.view_as_real.default gives");
        }
        return rewriting.map(d -> Expansion.of(d, args).outputs());
    }
}
