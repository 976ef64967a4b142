package dev.kiln.stages.trace.pt2.archive;

import java.util.Map;
import java.util.Optional;

/** The tensors that an archive stores, by name; each is looked at only when it is asked for. */
public final class Weights {
    /** A place that may hold a tensor. */
    interface Slot {
        StoredTensor load();
    }

    private final Map<String, Slot> weights;
    private final Map<String, Slot> constants;

    Weights(Map<String, Slot> weights, Map<String, Slot> constants) {
        this.weights = weights;
        this.constants = constants;
    }

    /** A parameter or persistent buffer. */
    public Optional<StoredTensor> weight(String name) {
        return Optional.ofNullable(weights.get(name)).or(() -> Optional.ofNullable(constants.get(name)))
            .map(Slot::load);
    }

    /** A constant or a buffer that is not persistent. */
    public Optional<StoredTensor> constant(String name) {
        return Optional.ofNullable(constants.get(name)).or(() -> Optional.ofNullable(weights.get(name)))
            .map(Slot::load);
    }
}
