package dev.kiln.stages.pass;

import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/** The stages that a graph has reached; what a pass requires and establishes is said in these terms. */
public record GraphState(Set<Stage> reached) {

    /** What is known to hold of a graph. */
    public enum Stage {
        /** Composite ops are gone: each op has a lowering. */
        DECOMPOSED,
        /** Patterns that replace composites (attention) have had their turn. */
        PATTERNS_MATCHED
    }

    public static GraphState initial() {
        return new GraphState(Set.of());
    }

    public boolean has(Stage stage) {
        return reached.contains(stage);
    }

    public GraphState with(Stage stage) {
        EnumSet<Stage> more = EnumSet.of(stage);
        more.addAll(reached);
        return new GraphState(Set.copyOf(more));
    }

    /** The reason of a pass that must run before a stage is reached. */
    public Optional<String> mustPrecede(Stage stage) {
        return has(stage) ? Optional.of("must run before " + stage) : Optional.empty();
    }

    /** The reason of a pass that needs a stage. */
    public Optional<String> mustFollow(Stage stage) {
        return has(stage) ? Optional.empty() : Optional.of("must run after " + stage);
    }
}
