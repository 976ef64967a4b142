package dev.kiln.pipeline.events;

import dev.kiln.cache.KeyComponents;
import java.util.Optional;

/**
 * The keys of a traced graph.
 *
 * @param artifact of what it compiles to
 * @param aot of the AOTAutograd entry that refers to that; empty if whoever asked for the compile stores the entry
 */
public record ArtifactKeys(KeyComponents artifact, Optional<KeyComponents> aot) {
}
