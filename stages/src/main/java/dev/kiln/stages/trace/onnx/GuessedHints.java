package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.shape.Guard;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SizeConflict;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.OpenSizes.Range;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.LongStream;

/**
 * Hints of the open sizes that the user gives none for. They start at usual values; where an op needs other ones (a
 * length that is that of another input plus 1, or at most the number of places that were learned), the import is tried
 * anew with a hint for which it fits, so that guards say what the model needs.
 */
final class GuessedHints {
    private static final int MOST_TRIES = 32;
    private static final long LARGEST = 8192;

    private final Map<String, Long> chosen = new LinkedHashMap<>();
    private final Set<Map<String, Long>> tried = new HashSet<>(Set.of(Map.of()));
    private final Map<String, Range> guessed = new HashMap<>();
    private ShapeEnv shapes = new ShapeEnv();

    /** Begins a try. */
    void start(ShapeEnv env) {
        shapes = env;
        guessed.clear();
    }

    SymInt define(Range range, long usual) {
        String name = shapes.freshName("s");
        guessed.put(name, range);
        return shapes.backed(name, range.min(), range.max(), chosen.getOrDefault(name, usual));
    }

    /** Whether another try may do better than the one that ended with this error. */
    boolean improve(Throwable error) {
        return tried.size() < MOST_TRIES && conflict(error).map(SizeConflict::needed).filter(this::adapt).isPresent();
    }

    private static Optional<SizeConflict> conflict(Throwable error) {
        for (Throwable e = error; e != null; e = e.getCause()) {
            if (e instanceof SizeConflict conflict) {
                return Optional.of(conflict);
            }
        }
        return Optional.empty();
    }

    /** Changes one hint so that the condition holds; rather one that nothing was asked of yet. */
    private boolean adapt(Guard needed) {
        List<String> names = new ArrayList<>(needed.symbols());
        names.retainAll(guessed.keySet());
        names.sort(Comparator.comparing(chosen::containsKey));
        for (String name : names) {
            OptionalLong value = solve(needed, name);
            if (value.isPresent()) {
                Map<String, Long> next = new HashMap<>(chosen);
                next.put(name, value.getAsLong());
                if (tried.add(next)) {
                    chosen.putAll(next);
                    return true;
                }
            }
        }
        return false;
    }

    private OptionalLong solve(Guard needed, String name) {
        Range range = guessed.get(name);
        return LongStream.rangeClosed(range.min(), Math.min(range.max(), LARGEST))
            .filter(v -> needed.holds(s -> s.equals(name) ? v : shapes.symbol(s).orElseThrow().hint())).findFirst();
    }
}
