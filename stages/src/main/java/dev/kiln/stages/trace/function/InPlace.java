package dev.kiln.stages.trace.function;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpOverload;
import dev.kiln.ops.shape.ShapeEnv;
import java.util.Optional;
import java.util.Set;

/** The rules of ops that change their first argument, those whose name ends in an underscore. */
final class InPlace {
    /** Ops that only change how the tensor sees its memory. */
    private static final Set<String> METADATA = Set.of("squeeze_", "unsqueeze_", "transpose_", "t_", "swapaxes_",
        "swapdims_", "detach_");

    private InPlace() {
    }

    /** The op that computes what {@code overload} writes; empty if it is no in-place op. */
    static Optional<String> functional(String overload) {
        int end = overload.lastIndexOf('.');
        boolean inPlace = end > 1 && overload.charAt(end - 1) == '_' && overload.charAt(end - 2) != '_'
            && !overload.contains(".resize_.");
        return inPlace ? Optional.of(overload.substring(0, end - 1) + overload.substring(end)) : Optional.empty();
    }

    static boolean changesMetadata(String overload) {
        return METADATA.contains(OpOverload.packet(overload));
    }

    /** @throws KilnException.BadInput if PyTorch does not let autograd see such a write */
    static void requireWritable(String overload, View self, boolean gradMode) {
        Storage storage = self.storage();
        if (storage.requiresGrad() && self.isDetached()) {
            throw new KilnException.Unsupported(overload + ": writing through detach() to a tensor that requires a "
                + "gradient is not supported: clone() it first");
        }
        if (gradMode && storage.leaf && self.requiresGrad()) {
            throw new KilnException.BadInput(overload + ": " + (self.root() == self ? "a leaf tensor" : "a view of a leaf "
                + "tensor") + " that requires a gradient cannot be changed in place: use no_grad, or clone() it first");
        }
    }

    /** @throws KilnException.BadInput unless the result has self's sizes, and its dtype can be cast to self's */
    static void requireFits(String overload, FakeTensor self, FakeTensor result, ShapeEnv shapes) {
        boolean same = self.rank() == result.rank();
        for (int d = 0; same && d < self.rank(); d++) {
            same = shapes.equalOrAsserted(self.size(d), result.size(d));
        }
        if (!same) {
            throw new KilnException.BadInput(overload + ": a tensor of sizes " + self.sizes()
                + " cannot hold the result of sizes " + result.sizes());
        }
        if (!canCast(result.dtype(), self.dtype())) {
            throw new KilnException.BadInput(overload + ": the result type " + result.dtype()
                + " cannot be cast to the tensor's " + self.dtype());
        }
    }

    private static boolean canCast(DType from, DType to) {
        return from.kind().compareTo(to.kind()) <= 0 || from.kind() == DType.Kind.INTEGRAL && to.isFloating();
    }
}
