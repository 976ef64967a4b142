package dev.kiln.stages.postcompile;

import dev.kiln.cache.CompiledGraph;
import dev.kiln.cache.CompiledGraph.TensorSpec;
import dev.kiln.kernels.runtime.NativeCallException;
import dev.kiln.kernels.runtime.NativeGraph;
import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.shape.SymInt;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A graph that is loaded and can be called. Safe for several threads at once; a run after close is refused. */
public final class ExecutableGraph implements AutoCloseable {
    private static final int FAILED_INDEX = 1;
    private static final int FAILED_DIVISION = 2;

    private final CompiledGraph graph;
    private final NativeGraph code;
    private final Arena constants;
    private final CallSignature signature;
    private final List<InputLayout> layouts;
    private final List<List<SymInt>> outputSizes = new ArrayList<>();

    ExecutableGraph(CompiledGraph graph, NativeGraph code, Arena constants) {
        this.graph = graph;
        this.code = code;
        this.constants = constants;
        this.signature = new CallSignature(graph.signature());
        this.layouts = InputLayout.of(graph.signature().inputs());
        for (TensorSpec output : graph.signature().outputs()) {
            outputSizes.add(CallSignature.parse(output.sizes()));
        }
    }

    public CompiledGraph graph() {
        return graph;
    }

    public List<TensorSpec> inputs() {
        return graph.signature().inputs();
    }

    public List<TensorSpec> outputs() {
        return graph.signature().outputs();
    }

    /**
     * Runs the graph.
     *
     * @param inputs by name, any strides; all inputs of the graph and no others
     * @return by output name, in the graph's order; new contiguous tensors
     * @throws KilnException.BadInput if an input is missing, unknown, or of a wrong dtype or shape, or if its values
     *     lead out of an index range or to an integer division by zero
     */
    public Map<String, Tensor> run(Map<String, Tensor> inputs) {
        List<Tensor> ordered = signature.order(inputs);
        long[] symbols = signature.bind(ordered);
        MemorySegment[] arguments = new MemorySegment[ordered.size()];
        for (int i = 0; i < arguments.length; i++) {
            arguments[i] = layouts.get(i).memory(ordered.get(i));
        }
        Map<String, Tensor> results = new LinkedHashMap<>();
        MemorySegment[] targets = new MemorySegment[outputSizes.size()];
        for (int i = 0; i < targets.length; i++) {
            Tensor result = allocate(i, symbols);
            targets[i] = result.data();
            results.put(outputs().get(i).name(), result);
        }
        call(symbols, arguments, targets);
        return results;
    }

    private Tensor allocate(int output, long[] symbols) {
        List<SymInt> sizes = outputSizes.get(output);
        long[] shape = new long[sizes.size()];
        for (int d = 0; d < shape.length; d++) {
            shape[d] = signature.evaluate(sizes.get(d), symbols);
        }
        return Tensor.allocate(CallSignature.dtype(outputs().get(output)), Arena.ofAuto(), shape);
    }

    private void call(long[] symbols, MemorySegment[] arguments, MemorySegment[] targets) {
        try {
            code.call(symbols, arguments, targets);
        } catch (NativeCallException e) {
            throw switch (e.code()) {
                case FAILED_INDEX -> new KilnException.BadInput(
                    "an index in the inputs is out of range for the table it selects from");
                case FAILED_DIVISION -> new KilnException.BadInput("an integer in the inputs leads to a division by zero");
                default -> e;
            };
        }
    }

    /** Whether {@link #run} would take these inputs, as far as names, dtypes and shapes tell. */
    public boolean accepts(Map<String, Tensor> inputs) {
        try {
            signature.bind(signature.order(inputs));
            return true;
        } catch (KilnException.BadInput e) {
            return false;
        }
    }

    /** Waits for running calls, then unloads. Repeatable. */
    @Override
    public void close() {
        code.close();
        if (constants.scope().isAlive()) {
            constants.close();
        }
    }

}
