package dev.kiln.ops.graph;

import java.util.List;
import java.util.Optional;

/**
 * What is known of a call besides its meaning. Whatever replaces the call takes it over.
 *
 * @param sources nodes of the user's model that it comes from
 * @param originalAten the overload that the user's graph had, if a decomposition or a pattern replaced that
 * @param lowPrecisionBarrier whether f16 and bf16 are rounded where this call reads and writes them, as PyTorch's
 *     eager mode does; set when a graph is traced, so that calls of decompositions never have it
 * @param repetition equal calls with different numbers stay apart: one of them computes again, late, what would have to lie
 *     about for long; 0 for all others
 */
public record NodeMeta(List<String> sources, Optional<String> originalAten, boolean lowPrecisionBarrier, int repetition) {
    public static final NodeMeta NONE = new NodeMeta(List.of(), Optional.empty(), false, 0);

    public NodeMeta {
        sources = List.copyOf(sources);
    }

    public static NodeMeta of(List<String> sources) {
        return new NodeMeta(sources, Optional.empty(), false, 0);
    }

    public NodeMeta withSources(List<String> others) {
        return new NodeMeta(others, originalAten, lowPrecisionBarrier, repetition);
    }

    public NodeMeta withLowPrecisionBarrier(boolean barrier) {
        return new NodeMeta(sources, originalAten, barrier, repetition);
    }

    public NodeMeta withRepetition(int number) {
        return new NodeMeta(sources, originalAten, lowPrecisionBarrier, number);
    }

    /** What calls that replace a call of this metadata and op begin with: its names, but not its barrier. */
    NodeMeta ofReplacement(String op) {
        return new NodeMeta(sources, Optional.of(originalAten.orElse(op)), false, repetition);
    }
}
