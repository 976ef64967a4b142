package dev.kiln.tensor;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.shape.Guard;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Sizes as numbers and conditions. In a traced function each answer is a guard: other sizes compile it anew. */
public final class Sizes {
    private Sizes() {
    }

    /** The value of a size in the call that is traced, to which the compiled function is then specialised. */
    public static long number(SymInt size) {
        Optional<TraceSession> session = TraceSession.current();
        return session.map(s -> s.trace().shapes().specialize(size)).orElseGet(size::asLong);
    }

    public static boolean equal(SymInt left, SymInt right) {
        return shapes().evaluate(Guard.equal(left, right));
    }

    public static boolean less(SymInt left, SymInt right) {
        return shapes().evaluate(Guard.less(left, right));
    }

    private static ShapeEnv shapes() {
        return TraceSession.current().map(s -> s.trace().shapes()).orElseGet(ShapeEnv::new);
    }

    /** Sizes as the user gives them: numbers, {@link SymInt}s, or one array or list of them. */
    static List<SymInt> list(Object... sizes) {
        List<SymInt> list = new ArrayList<>();
        for (Object size : sizes) {
            switch (size) {
                case SymInt value -> list.add(value);
                case Long value -> list.add(SymInt.of(value));
                case Integer value -> list.add(SymInt.of(value));
                case long[] values -> {
                    for (long value : values) {
                        list.add(SymInt.of(value));
                    }
                }
                case List<?> values -> list.addAll(list(values.toArray()));
                case null, default -> throw new KilnException.BadInput("a size is a whole number or a SymInt, not " + size);
            }
        }
        return list;
    }
}
