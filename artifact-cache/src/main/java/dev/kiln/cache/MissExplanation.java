package dev.kiln.cache;

import java.util.List;
import java.util.Optional;

/**
 * Why a key was not found.
 *
 * @param nearest the stored entry that shares most components; empty when the store holds none of this domain
 * @param differing names of the components in which it differs
 */
public record MissExplanation(Optional<CacheKey> nearest, List<String> differing) {
    public MissExplanation {
        differing = List.copyOf(differing);
    }

    /** One line for the log. */
    public String text() {
        return nearest.map(key -> differing.isEmpty()
                        ? "an entry with the same components is recorded as " + key
                        : "nearest entry " + key + " differs in " + String.join(", ", differing))
                .orElse("the cache holds no entry of this kind");
    }
}
