package dev.kiln.pipeline.events;

import dev.kiln.cache.KeyComponents;

/** The keys of a traced graph: of what it compiles to, and of the AOTAutograd entry that refers to that. */
public record ArtifactKeys(KeyComponents artifact, KeyComponents aot) {
}
