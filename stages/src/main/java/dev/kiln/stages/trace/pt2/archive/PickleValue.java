package dev.kiln.stages.trace.pt2.archive;

import java.util.List;

/**
 * What a pickle may hold besides {@code null}, booleans, {@link Long}, {@link java.math.BigInteger}, {@link Double},
 * {@link String}, lists and maps.
 */
sealed interface PickleValue {
    record Tuple(List<Object> items) implements PickleValue {
    }

    /** A class or function by its Python name. */
    record Global(String name) implements PickleValue {
    }

    /**
     * A storage of a torch.save file.
     *
     * @param kind its Python class, which gives the element type
     * @param key names the entry with its bytes
     */
    record StorageRef(String kind, String key) implements PickleValue {
    }

    /** A tensor over a storage; {@code type} is its Python class or dtype. */
    record TensorRef(StorageRef storage, String type, long offset, List<Long> sizes, List<Long> strides)
            implements PickleValue {
    }

    /** The result of a call without meaning for weights: {@code torch.device('cpu')}. */
    record Opaque(String name) implements PickleValue {
    }
}
