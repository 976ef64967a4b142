package dev.kiln.tensor;

import java.util.List;
import java.util.Optional;

/** What a function can see besides its arguments. */
public final class CapturedState {
    /** A way to a tensor: {@code tensor()} gives what lies there now. */
    public interface Place {
        String name();

        Tensor tensor();
    }

    public static CapturedState of(Object function) {
        return new CapturedState();
    }

    /** All tensors that it sees. */
    public List<Place> places() {
        return List.of();
    }

    /** What the user calls a tensor that it sees. */
    public Optional<String> name(Tensor tensor) {
        return Optional.empty();
    }

    /** The place of a captured tensor; one that always gives it, if it was found nowhere. */
    public Place place(Tensor tensor) {
        return null;
    }

    /** Why a trace of the function no longer holds, such as {@code model.training was true, is false}. */
    public Optional<String> changed() {
        return Optional.empty();
    }
}
