package dev.kiln.stages.trace.pt2;

import dev.kiln.ops.schema.OpKind;
import dev.kiln.ops.schema.OpOverload;
import dev.kiln.ops.schema.OpTable;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** What each operator of an exported graph is translated by. */
final class Targets {
    /** Operators that may give back their argument's memory although they are not views in Kiln. */
    private static final Set<String> SHARING = Set.of("contiguous", "to", "reshape", "alias", "detach", "lift_fresh",
        "flatten", "expand_as", "view_as", "type_as", "dropout", "split", "split_with_sizes", "chunk", "unbind",
        "tensor_split", "narrow", "movedim", "as_strided", "unflatten", "_reshape_alias", "_conj", "positive");

    private Targets() {
    }

    /** {@code aten.add.Tensor} of {@code torch.ops.aten.add.Tensor}. */
    static String name(String target) {
        return target.startsWith("torch.ops.") ? target.substring("torch.ops.".length()) : target;
    }

    static Optional<Translator> find(String target) {
        String name = name(target);
        return Stream.<Supplier<Translator>>of(() -> SymbolicOps.find(name), () -> Assertions.find(name),
            () -> plain(name), () -> SpecialOps.find(name), () -> InPlaceOps.find(name)).map(Supplier::get)
                .filter(Objects::nonNull).findFirst();
    }

    private static Translator plain(String name) {
        Optional<OpOverload> op = OpTable.find(name);
        return op.isEmpty() ? null : call -> AtenCall.translate(op.get(), call);
    }

    /** Whether the result is the changed first argument itself. */
    static boolean isInPlace(String target) {
        return InPlaceOps.find(name(target)) != null;
    }

    /** Whether a result may share memory with the first argument. */
    static boolean mayShare(String target) {
        String[] parts = name(target).split("\\.");
        boolean view = OpTable.find(name(target)).map(op -> op.kind() == OpKind.VIEW).orElse(false);
        return view || parts.length == 3 && SHARING.contains(parts[1]);
    }
}
