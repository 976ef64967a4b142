package dev.kiln.stages.postcompile;

import dev.kiln.cache.CompiledGraph;
import dev.kiln.cache.CompiledGraph.TensorSpec;
import dev.kiln.kernels.runtime.NativeCallException;
import dev.kiln.kernels.runtime.NativeGraph;
import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.shape.SymInt;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A graph that is loaded and can be called. Safe for several threads at once; a run after close is refused. */
public final class ExecutableGraph implements AutoCloseable {
    private static final int FAILED_INDEX = 1;
    private static final int FAILED_DIVISION = 2;
    private static final int FAILED_SIZE = 3;
    private static final int FAILED_ASSERTION = 16;
    /** Entry of an output that is written once nothing reads the input any more that it replaces. */
    private static final long LATE = -2;
    /** Entry of an output that there is room for at the start of the workspace; farther behind, less. */
    private static final long ROOM = -3;
    /** Bytes; an output this much too large is copied. */
    private static final long WASTE = 1 << 16;

    private final CompiledGraph graph;
    private final NativeGraph code;
    private final Arena constants;
    private final CallSignature signature;
    private final List<InputLayout> layouts;
    private final List<List<SymInt>> outputSizes = new ArrayList<>();
    /** Elements that each output's memory must hold; empty if the sizes are known before the call. */
    private final List<SymInt> capacities;
    /** Where inputs and outputs lie in the workspace. */
    private final Optional<long[]> places;
    private final boolean inWorkspace;

    ExecutableGraph(CompiledGraph graph, NativeGraph code, Arena constants) {
        this.graph = graph;
        this.code = code;
        this.constants = constants;
        this.signature = new CallSignature(graph.signature());
        this.layouts = InputLayout.of(graph.signature().inputs());
        for (TensorSpec output : graph.signature().outputs()) {
            outputSizes.add(CallSignature.parse(output.sizes()));
        }
        capacities = CallSignature.parse(graph.signature().capacities());
        places = code.places(inputs().size() + outputs().size());
        inWorkspace = places.isPresent() && Arrays.stream(places.get()).anyMatch(p -> p >= 0 || p <= ROOM);
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
     * @throws OutsideGuards if the shapes are none that this graph serves, though the model may
     * @throws KilnException.BadInput if an input is missing, unknown, or of a wrong dtype or shape, or if its values
     *     lead out of an index range or to an integer division by zero
     */
    public Map<String, Tensor> run(Map<String, Tensor> inputs) {
        return run(inputs, (output, dtype, shape) -> Tensor.uninitialized(dtype, shape).data());
    }

    /**
     * As {@link #run(Map)}, with the results in memory of the caller's.
     *
     * @param memory gives each output the memory to be written to
     */
    public Map<String, Tensor> run(Map<String, Tensor> inputs, OutputMemory memory) {
        List<Tensor> ordered = signature.order(inputs);
        long[] symbols = signature.bind(ordered);
        MemorySegment workspace = inWorkspace ? workspace(ordered, memory, symbols)
            : memory.scratch(() -> code.workspaceBytes(symbols));
        MemorySegment[] arguments = new MemorySegment[ordered.size()];
        for (int i = 0; i < arguments.length; i++) {
            arguments[i] = place(i) < 0 ? layouts.get(i).memory(ordered.get(i)) : placed(workspace, place(i), ordered.get(i));
        }
        MemorySegment[] targets = new MemorySegment[outputSizes.size()];
        for (int i = 0; i < targets.length; i++) {
            long[] shape = capacities.isEmpty() ? shape(i, symbols)
                : new long[] {signature.evaluate(capacities.get(i), symbols)};
            targets[i] = target(i, shape, memory, workspace);
        }
        call(symbols, arguments, targets, workspace);
        Map<String, Tensor> results = new LinkedHashMap<>();
        for (int i = 0; i < targets.length; i++) {
            results.put(outputs().get(i).name(), result(i, targets[i], shape(i, symbols)));
        }
        return results;
    }

    private MemorySegment target(int output, long[] shape, OutputMemory memory, MemorySegment workspace) {
        long place = place(inputs().size() + output);
        long bytes = Math.max(1, bytes(dtype(output), shape));
        return place >= 0 ? workspace.asSlice(place, bytes)
            : place <= ROOM ? memory.allocate(output, dtype(output), shape, workspace.asSlice(ROOM - place, bytes))
            : memory.allocate(output, dtype(output), shape);
    }

    /** Begins to add up the time that each kernel takes, in the order of the graph's kernels. */
    public void startClock() {
        code.startClock(graph.kernels().size());
    }

    /** Ends it: clock ticks by kernel. */
    public long[] stopClock() {
        return code.stopClock(graph.kernels().size());
    }

    /** Whether an output may lie in the memory of the input that it replaces. */
    public boolean writesLate(int output) {
        return place(inputs().size() + output) == LATE;
    }

    /** Bytes of the workspace that inputs or outputs lie in; 0 if there is none or it is known only at a call. */
    public long fixedWorkspace() {
        return inWorkspace && graph.signature().symbols().isEmpty() ? code.workspaceBytes() : 0;
    }

    /** Where an input, or behind those an output, lies in the workspace; negative if it does not. */
    private long place(int index) {
        return places.map(p -> p[index]).orElse(-1L);
    }

    /** The caller's, unless inputs lie in it elsewhere than the graph expects them: copies would overwrite them. */
    private MemorySegment workspace(List<Tensor> inputs, OutputMemory memory, long[] symbols) {
        long bytes = code.workspaceBytes(symbols);
        MemorySegment given = memory.workspace(bytes);
        boolean misplaced = false;
        for (int i = 0; i < inputs.size(); i++) {
            long offset = inputs.get(i).data().address() - given.address();
            misplaced |= offset != place(i) && offset >= 0 && offset < given.byteSize() && inputs.get(i).data().isNative();
        }
        return misplaced ? Tensor.uninitialized(DType.U8, bytes).data() : given;
    }

    /** An input that the graph expects in its workspace: copied unless it lies there. */
    private static MemorySegment placed(MemorySegment workspace, long offset, Tensor input) {
        MemorySegment place = workspace.asSlice(offset, Math.max(1, bytes(input.dtype(), input.shape())));
        if (input.data().address() != place.address()) {
            Tensor.of(place, input.dtype(), input.shape()).copyFrom(input);
        }
        return place;
    }

    private static long bytes(DType dtype, long[] shape) {
        long bytes = dtype.bytes();
        for (long size : shape) {
            bytes = Math.multiplyExact(bytes, size);
        }
        return bytes;
    }

    private long[] shape(int output, long[] symbols) {
        List<SymInt> sizes = outputSizes.get(output);
        long[] shape = new long[sizes.size()];
        for (int d = 0; d < shape.length; d++) {
            shape[d] = signature.evaluate(sizes.get(d), symbols);
        }
        return shape;
    }

    private DType dtype(int output) {
        return CallSignature.dtype(outputs().get(output));
    }

    /** The filled part of an output's memory; a copy of it if most of the memory would be kept for nothing. */
    private Tensor result(int output, MemorySegment memory, long[] shape) {
        long bytes = bytes(dtype(output), shape);
        Tensor result = Tensor.of(memory.asSlice(0, bytes), dtype(output), shape);
        return memory.byteSize() > WASTE && bytes < memory.byteSize() / 2 ? result.copyTo(Arena.ofAuto()) : result;
    }

    private void call(long[] symbols, MemorySegment[] arguments, MemorySegment[] targets, MemorySegment workspace) {
        try {
            code.call(symbols, arguments, targets, workspace);
        } catch (NativeCallException e) {
            throw switch (e.code()) {
                case FAILED_INDEX -> new KilnException.BadInput(
                    "an index in the inputs is out of range for the table it selects from");
                case FAILED_DIVISION -> new KilnException.BadInput("an integer in the inputs leads to a division by zero");
                case FAILED_SIZE -> new KilnException.BadInput(
                    "a size computed from the inputs' values is out of its range");
                default -> e.code() < FAILED_ASSERTION ? e : new KilnException.BadInput("the inputs' values give sizes that "
                    + "break the condition " + graph.signature().assertions().get(e.code() - FAILED_ASSERTION));
            };
        }
    }

    /** Whether {@link #run} would take these inputs, as far as names, dtypes and shapes tell. */
    public boolean accepts(Map<String, Tensor> inputs) {
        return accepts(signature, inputs);
    }

    /** Whether the graph, once loaded, would take these inputs. */
    public static boolean accepts(CompiledGraph graph, Map<String, Tensor> inputs) {
        return accepts(new CallSignature(graph.signature()), inputs);
    }

    private static boolean accepts(CallSignature signature, Map<String, Tensor> inputs) {
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
