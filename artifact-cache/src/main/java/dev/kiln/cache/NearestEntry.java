package dev.kiln.cache;

import java.util.List;
import java.util.Optional;

/** Finds the stored components that differ least from the wanted ones. */
final class NearestEntry {
    private final KeyComponents wanted;
    private Optional<CacheKey> nearest = Optional.empty();
    private List<String> differing = List.of();

    NearestEntry(KeyComponents wanted) {
        this.wanted = wanted;
    }

    /** Sees one stored entry; goes on until one has the same components. */
    boolean visit(byte[] key, byte[] value) {
        try {
            var differences = wanted.differences(KeyComponents.parse(value));
            if (nearest.isEmpty() || differences.size() < differing.size()) {
                nearest = Optional.of(new CacheKey(Keys.text(key)));
                differing = differences;
            }
            return !differing.isEmpty();
        } catch (IllegalArgumentException e) {
            return true;
        }
    }

    MissExplanation result() {
        return new MissExplanation(nearest, differing);
    }
}
