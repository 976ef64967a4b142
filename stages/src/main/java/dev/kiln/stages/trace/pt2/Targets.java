package dev.kiln.stages.trace.pt2;

import dev.kiln.ops.schema.OpOverload;
import dev.kiln.ops.schema.OpTable;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** What each operator of an exported graph is translated by. */
final class Targets {
    private Targets() {
    }

    /** {@code aten.add.Tensor} of {@code torch.ops.aten.add.Tensor}. */
    static String name(String target) {
        return target.startsWith("torch.ops.") ? target.substring("torch.ops.".length()) : target;
    }

    static Optional<Translator> find(String target) {
        String name = name(target);
        return Stream.<Supplier<Translator>>of(() -> SymbolicOps.find(name), () -> Assertions.find(name),
            () -> DataNumbers.find(name), () -> plain(name), () -> SpecialOps.find(name),
            () -> InPlaceOps.find(name)).map(Supplier::get).filter(Objects::nonNull).findFirst();
    }

    private static Translator plain(String name) {
        Optional<OpOverload> op = OpTable.find(name).or(() -> Synonyms.find(name));
        return op.isEmpty() ? null : call -> AtenCall.translate(op.get(), call);
    }

    /** Whether the result is the changed first argument itself. */
    static boolean isInPlace(String target) {
        return InPlaceOps.find(name(target)) != null;
    }
}
