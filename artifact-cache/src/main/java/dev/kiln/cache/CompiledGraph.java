package dev.kiln.cache;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;

/**
 * One finished compile, as pure data: everything that post-compile needs to make a callable, and nothing
 * executable. Native code and weights are named by {@link Blob} and live beside the record as
 * content-addressed files.
 *
 * <p>The fields follow TorchInductor's {@code CompiledFxGraph}; what a phase decided is stored so that a hit
 * logs, counts and explains exactly as the miss did.
 *
 * @param key the key this entry is stored under
 * @param code the shared object and what it needs from the machine
 * @param signature symbols, tensors and guards: when and how the code may be called
 * @param constants where each constant of the graph lies, in the order of {@code kiln_call.constants}
 * @param externs names of the library functions, in the order of {@code kiln_call.externs}
 * @param kernels the generated kernels and the graph nodes they came from
 * @param cudagraph what post-compile must know before it records or realigns
 * @param history decisions, counters and times of the compile, replayed on a hit
 */
public record CompiledGraph(CacheKey key, Code code, Signature signature, List<ConstantSpec> constants,
                            List<String> externs, List<KernelInfo> kernels, CudagraphInfo cudagraph,
                            History history) {

    public CompiledGraph {
        Objects.requireNonNull(key, "key");
        Objects.requireNonNull(code, "code");
        Objects.requireNonNull(signature, "signature");
        constants = List.copyOf(constants);
        externs = List.copyOf(externs);
        kernels = List.copyOf(kernels);
        Objects.requireNonNull(cudagraph, "cudagraph");
        Objects.requireNonNull(history, "history");
    }

    /**
     * The native part.
     *
     * @param object the shared object; its digest is checked before it is loaded
     * @param runtime the runtime library the object was built against
     * @param sources generated C, for {@code explain} only: a warm start never reads it
     * @param target fingerprint of the CPU target the object was built for
     * @param requiredCpuFeatures features the machine must have, checked before loading
     */
    public record Code(Blob object, Blob runtime, Blob sources, String target,
                       List<String> requiredCpuFeatures) {
        public Code {
            Objects.requireNonNull(object, "object");
            Objects.requireNonNull(runtime, "runtime");
            Objects.requireNonNull(sources, "sources");
            Objects.requireNonNull(target, "target");
            requiredCpuFeatures = List.copyOf(requiredCpuFeatures);
        }
    }

    /**
     * How the code is called.
     *
     * @param symbols in the order of {@code kiln_call.syms}
     * @param guards boolean expressions over the symbols; all must hold for the entry to serve a call
     * @param assertions conditions on symbols that come from data, which the code checks; by the number in its error
     * @param capacities elements that the memory of each output must hold, over symbols known before the call; empty
     *     if no output has a size that comes from data
     */
    public record Signature(List<SymbolSpec> symbols, List<TensorSpec> inputs, List<TensorSpec> outputs,
                            List<String> guards, List<String> assertions, List<String> capacities) {
        public Signature {
            symbols = List.copyOf(symbols);
            inputs = List.copyOf(inputs);
            outputs = List.copyOf(outputs);
            guards = List.copyOf(guards);
            assertions = List.copyOf(assertions);
            capacities = List.copyOf(capacities);
        }

        /** Of a graph without sizes that come from data. */
        public Signature(List<SymbolSpec> symbols, List<TensorSpec> inputs, List<TensorSpec> outputs,
                         List<String> guards) {
            this(symbols, inputs, outputs, guards, List.of(), List.of());
        }
    }

    /**
     * A symbolic size: the value of dimension {@code dim} of input {@code inputIndex}, within
     * {@code [min, max]}; both are -1 if the code computes the value from data.
     *
     * @param hint the value seen while compiling
     */
    public record SymbolSpec(String name, int inputIndex, int dim, long min, long max, long hint) {
        public SymbolSpec {
            Objects.requireNonNull(name, "name");
        }
    }

    /**
     * One tensor at the border of the graph. Sizes and strides are expressions over the symbols, in elements.
     * They are evaluated at load, never at save, so one entry serves every size its guards admit.
     */
    public record TensorSpec(String name, String dtype, List<String> sizes, List<String> strides) {
        public TensorSpec {
            Objects.requireNonNull(name, "name");
            Objects.requireNonNull(dtype, "dtype");
            sizes = List.copyOf(sizes);
            strides = List.copyOf(strides);
        }
    }

    /** One constant: {@code bytes} bytes at {@code offset} of a blob. */
    public record ConstantSpec(Blob blob, long offset, long bytes) {
        public ConstantSpec {
            Objects.requireNonNull(blob, "blob");
            if (offset < 0 || bytes < 0 || offset > blob.bytes() - bytes) {
                throw new IllegalArgumentException("constant [" + offset + ", +" + bytes
                        + ") lies outside its blob of " + blob.bytes() + " bytes");
            }
        }
    }

    /**
     * One kernel.
     *
     * @param sourceNodes graph nodes it computes, in topological order
     * @param kind pointwise, reduction, template, extern
     */
    public record KernelInfo(String name, List<String> sourceNodes, String kind) {
        public KernelInfo {
            Objects.requireNonNull(name, "name");
            sourceNodes = List.copyOf(sourceNodes);
            Objects.requireNonNull(kind, "kind");
        }
    }

    /**
     * What decides between recording and realigning.
     *
     * @param disabledReasons why a CUDA graph may not be recorded; empty when it may
     * @param mutatedInputs indices of inputs the code writes to
     * @param inputsToCheck indices of inputs whose alignment the code assumes
     */
    public record CudagraphInfo(List<String> disabledReasons, List<Integer> mutatedInputs,
                                List<Integer> inputsToCheck) {
        public CudagraphInfo {
            disabledReasons = List.copyOf(disabledReasons);
            mutatedInputs = List.copyOf(mutatedInputs);
            inputsToCheck = List.copyOf(inputsToCheck);
        }
    }

    /**
     * What the compile did.
     *
     * @param decisions one line per decision, in order; {@code --explain} prints them on a hit as on a miss
     * @param counters metric deltas of the compile, added again on a hit
     * @param stageMillis time of each phase, in milliseconds
     * @param compileNanos time of the whole compile: what a hit saves
     */
    public record History(List<String> decisions, SortedMap<String, Long> counters,
                          SortedMap<String, Double> stageMillis, long compileNanos) {
        public History {
            decisions = List.copyOf(decisions);
            counters = Sorted.copyOf(counters);
            stageMillis = Sorted.copyOf(stageMillis);
        }

        public History(List<String> decisions, Map<String, Long> counters, Map<String, Double> stageMillis,
                       long compileNanos) {
            this(decisions, Sorted.copyOf(counters), Sorted.copyOf(stageMillis), compileNanos);
        }
    }

    /** Every blob the entry needs to run: the object, the runtime and the constants. Sources are left out. */
    public List<Blob> requiredBlobs() {
        var blobs = new ArrayList<Blob>();
        blobs.add(code.object());
        blobs.add(code.runtime());
        for (var constant : constants) {
            if (!blobs.contains(constant.blob())) {
                blobs.add(constant.blob());
            }
        }
        return blobs;
    }

    /** Every blob of the entry, with its sources. */
    public List<Blob> blobs() {
        var blobs = new ArrayList<>(requiredBlobs());
        blobs.add(code.sources());
        return blobs;
    }

    /**
     * Names of the parts in which a fresh compile differs from this entry, for {@link CacheMode#CHECK}.
     * Times are not compared.
     */
    public List<String> differences(CompiledGraph fresh) {
        var parts = new ArrayList<String>();
        note(parts, "key", key, fresh.key);
        note(parts, "code", code, fresh.code);
        note(parts, "signature", signature, fresh.signature);
        note(parts, "constants", constants, fresh.constants);
        note(parts, "externs", externs, fresh.externs);
        note(parts, "kernels", kernels, fresh.kernels);
        note(parts, "cudagraph", cudagraph, fresh.cudagraph);
        note(parts, "decisions", history.decisions(), fresh.history.decisions());
        note(parts, "counters", history.counters(), fresh.history.counters());
        return parts;
    }

    private static void note(List<String> parts, String name, Object stored, Object fresh) {
        if (!stored.equals(fresh)) {
            parts.add(name);
        }
    }
}
