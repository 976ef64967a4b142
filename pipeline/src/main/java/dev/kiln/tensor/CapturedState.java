package dev.kiln.tensor;

import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a function can see besides its arguments, as it was when this was made: variables that a lambda captured, fields of
 * the objects behind them, elements of their arrays, lists and maps. Tensors in it have a {@link Place}, so that one that
 * is replaced is seen; numbers, strings, enums and references are conditions, cheap to check at each call. Static fields
 * are not seen.
 */
public final class CapturedState {
    /** Where a tensor lies. */
    public interface Place {
        /** What the user calls it, {@code model.fc1.weight} for example. */
        String name();

        /** What lies there now; null if there is nothing. */
        Tensor tensor();
    }

    private record Constant(String name, Tensor tensor) implements Place {
    }

    private final Map<Tensor, Place> places = new IdentityHashMap<>();
    private final List<Place> all;
    private final List<StateCheck> checks;

    private CapturedState(StateWalk walk) {
        all = List.copyOf(walk.places());
        all.reversed().forEach(p -> places.put(p.tensor(), p));
        checks = List.copyOf(walk.checks());
    }

    /**
     * Walks what a function sees.
     *
     * @throws dev.kiln.ops.KilnException.BadInput if a field on the way cannot be read by reflection
     */
    public static CapturedState of(Object function) {
        return new CapturedState(StateWalk.from(function));
    }

    /** All tensors that it sees, in the order of the fields. */
    public List<Place> places() {
        return all;
    }

    /** What the user calls a tensor that it sees. */
    public Optional<String> name(Tensor tensor) {
        return Optional.ofNullable(places.get(tensor)).map(Place::name);
    }

    /** Where a tensor lies; one that lies nowhere is always itself. */
    public Place place(Tensor tensor) {
        Place known = places.get(tensor);
        return known != null ? known : new Constant("constant", tensor);
    }

    /** How many conditions {@link #changed()} checks. */
    public int conditions() {
        return checks.size();
    }

    /** The first condition that does not hold any more, as a reason: {@code model.training was true, is false}. */
    public Optional<String> changed() {
        for (StateCheck check : checks) {
            if (!check.holds()) {
                return Optional.of(check.reason());
            }
        }
        return Optional.empty();
    }
}
