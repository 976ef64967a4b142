package dev.kiln.cache.aot;

import dev.kiln.cache.CacheKey;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Joins the compiled forward graph and, when there is one, the compiled backward graph of a traced function.
 * The graphs are named by key and live in the artifact cache, so equal graphs are held once.
 *
 * @param key the key this entry is stored under
 * @param forward the compiled forward (or inference) graph
 * @param backward the compiled backward graph; empty for inference and for {@code partial} entries
 * @param inputs in graph order
 * @param outputs in the order in which the user sees them
 * @param symbols names of the symbolic sizes
 * @param guards boolean expressions over the symbols; all must hold
 * @param wrappers what has to be put around the code at run time
 * @param partial training entry stored before its backward was compiled: serves forward, not backward
 * @param compileNanos time of tracing, splitting and compiling: what a hit saves
 */
public record AotEntry(CacheKey key, CacheKey forward, Optional<CacheKey> backward, List<Input> inputs,
                       List<Output> outputs, List<String> symbols, List<String> guards, Wrappers wrappers,
                       boolean partial, long compileNanos) {

    public AotEntry {
        Objects.requireNonNull(key, "key");
        Objects.requireNonNull(forward, "forward");
        Objects.requireNonNull(backward, "backward");
        inputs = List.copyOf(inputs);
        outputs = List.copyOf(outputs);
        symbols = List.copyOf(symbols);
        guards = List.copyOf(guards);
        Objects.requireNonNull(wrappers, "wrappers");
        if (partial && backward.isPresent()) {
            throw new IllegalArgumentException("an entry with a backward graph is not partial");
        }
    }

    /** A partial entry completed; the backward graph may have guards of its own. */
    public AotEntry withBackward(CacheKey graph, List<String> allGuards, long nanos) {
        return new AotEntry(key, forward, Optional.of(graph), inputs, outputs, symbols, allGuards, wrappers, false, nanos);
    }

    /** What an input of the traced graph stands for. */
    public enum InputKind {
        USER_INPUT, PARAMETER, BUFFER, CONSTANT, TANGENT,
        /** Seed and offset of the random numbers. */
        RANDOM_STATE
    }

    /**
     * @param mutated whether calling the function changes it
     * @param requiresGrad whether a gradient flows to it
     */
    public record Input(String name, InputKind kind, boolean mutated, boolean requiresGrad) {
        public Input {
            Objects.requireNonNull(name, "name");
            Objects.requireNonNull(kind, "kind");
        }

        @Override
        public String toString() {
            return name + ": " + kind + (mutated ? " mutated" : "") + (requiresGrad ? " requires_grad" : "");
        }
    }

    /** How an output relates to memory the caller already holds. */
    public enum OutputKind {
        FRESH, IS_INPUT, ALIAS_OF_INPUT, ALIAS_OF_OUTPUT, MUTATED_INPUT,
        /** Memory that several outputs are views of; the user does not see it. */
        INTERMEDIATE;

        private boolean hasBase() {
            return this != FRESH && this != INTERMEDIATE;
        }

        private boolean isAlias() {
            return this == ALIAS_OF_INPUT || this == ALIAS_OF_OUTPUT;
        }
    }

    /**
     * Where a view lies in the memory of its base. Sizes, strides and offset count elements of {@code dtype} and are
     * expressions over the entry's symbols; the offset counts from the base's first element.
     */
    public record View(String dtype, List<String> sizes, List<String> strides, String offset) {
        public View {
            Objects.requireNonNull(dtype, "dtype");
            sizes = List.copyOf(sizes);
            strides = List.copyOf(strides);
            Objects.requireNonNull(offset, "offset");
            if (sizes.size() != strides.size()) {
                throw new IllegalArgumentException(sizes.size() + " sizes, but " + strides.size() + " strides");
            }
        }
    }

    /**
     * @param base index of the input or output it is, aliases or replaces; -1 for one with memory of its own
     * @param requiresGrad whether a gradient may come in for it
     * @param view which part of its base an alias is; empty for the whole of it
     */
    public record Output(String name, OutputKind kind, int base, boolean requiresGrad, Optional<View> view) {
        public Output {
            Objects.requireNonNull(name, "name");
            Objects.requireNonNull(kind, "kind");
            Objects.requireNonNull(view, "view");
            if (kind.hasBase() == (base == -1)) {
                throw new IllegalArgumentException("output '" + name + "' is " + kind + " with base " + base);
            }
            if (view.isPresent() && !kind.isAlias()) {
                throw new IllegalArgumentException("output '" + name + "' is " + kind + ", but has a view");
            }
        }

        public Output(String name, OutputKind kind, int base) {
            this(name, kind, base, false, Optional.empty());
        }

        @Override
        public String toString() {
            return name + ": " + kind + (base < 0 ? "" : " of " + base) + (requiresGrad ? " requires_grad" : "")
                + view.map(v -> " as " + v).orElse("");
        }
    }

    /**
     * Settings of the run-time wrappers.
     *
     * @param savedForBackward number of forward outputs kept for the backward graph
     * @param detach indices of inputs to detach before the call
     * @param keepInferenceInputMutations whether the graph itself writes mutated inputs back
     * @param functionalRng whether seed and offset are passed as inputs
     */
    public record Wrappers(int savedForBackward, List<Integer> detach, boolean keepInferenceInputMutations,
                           boolean functionalRng) {
        public Wrappers {
            detach = List.copyOf(detach);
        }
    }
}
