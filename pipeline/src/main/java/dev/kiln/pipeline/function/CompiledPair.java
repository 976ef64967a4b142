package dev.kiln.pipeline.function;

import dev.kiln.cache.aot.AotEntry;
import dev.kiln.kernels.runtime.BlockPool;
import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.stages.autograd.JointGraph;
import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * A function's forward graph, and its backward graph if gradients are asked for, ready to run. Safe for several threads.
 */
public final class CompiledPair implements AutoCloseable {
    private final AotEntry entry;
    private final GraphRunner forward;
    /** Makes the backward graph ready when it is first needed, if that has not been done. */
    private final Optional<Supplier<GraphRunner>> later;
    private final List<String> forwardOutputs;
    private final Map<String, Integer> inputIndex = new HashMap<>();
    private final SavedMemory memory;
    private final SavedMemory written;
    private final SavedMemory gradients;
    private final GradientPlaces places = new GradientPlaces();
    private final Scratch forwardScratch;
    private final Scratch backwardScratch;
    private final boolean cacheHit;
    private final boolean differentiable;
    private GraphRunner readyBackward;

    private CompiledPair(AotEntry entry, GraphRunner forward, Optional<GraphRunner> backward,
            Optional<Supplier<GraphRunner>> later, BlockPool pool, boolean cacheHit) {
        this.entry = entry;
        this.memory = new SavedMemory(pool);
        this.written = new SavedMemory(pool);
        this.gradients = new SavedMemory(pool);
        this.forwardScratch = new Scratch(pool);
        this.backwardScratch = new Scratch(pool);
        this.forward = forward;
        this.readyBackward = backward.orElse(null);
        this.later = later;
        this.differentiable = backward.isPresent() || later.isPresent();
        this.cacheHit = cacheHit;
        this.forwardOutputs = forward.outputs();
        backward.ifPresent(b -> memory.expect(b.fixedWorkspace()));
        entry.inputs().forEach(i -> inputIndex.put(i.name(), inputIndex.size()));
    }

    /**
     * With the backward graph at hand.
     *
     * @param backward empty for inference
     * @param pool what is saved, and written to inputs afterwards, lies in memory of it
     */
    static CompiledPair of(AotEntry entry, GraphRunner forward, Optional<? extends GraphRunner> backward, BlockPool pool,
            boolean cacheHit) {
        return new CompiledPair(entry, forward, backward.<GraphRunner>map(b -> b), Optional.empty(), pool, cacheHit);
    }

    /** With a backward graph that is compiled when it is first needed. */
    static CompiledPair lazy(AotEntry entry, GraphRunner forward, Supplier<GraphRunner> backward, BlockPool pool,
            boolean cacheHit) {
        return new CompiledPair(entry, forward, Optional.empty(), Optional.of(backward), pool, cacheHit);
    }

    public AotEntry entry() {
        return entry;
    }

    /** Whether it came from the cache. */
    public boolean cacheHit() {
        return cacheHit;
    }

    /** Whether a backward can follow a forward call. */
    public boolean differentiable() {
        return differentiable;
    }

    /** Whether the sizes and dtypes are those that the graphs serve. */
    public boolean accepts(List<Tensor> inputs) {
        return forward.accepts(named(inputs));
    }

    /**
     * Runs the forward graph.
     *
     * @param inputs in the entry's order
     * @param apart whether no two of them share memory, so that new values of inputs may be written where the old ones lie
     */
    public ForwardCall run(List<Tensor> inputs, boolean apart) {
        Map<String, Tensor> named = named(inputs);
        int own = entry.outputs().size();
        places.forward();
        SavedMemory.Block block = memory.take();
        SavedMemory.Block back = written.take();
        List<Tensor> results;
        try (Scratch.Call scratch = forwardScratch.new Call()) {
            List<Tensor> replaced = apart && !differentiable ? inputs : List.of();
            results = forward.run(named, new ForwardMemory(entry, forward, block, back, scratch, replaced));
        }
        Map<String, Tensor> saved = new HashMap<>();
        if (differentiable) {
            saved.putAll(named);
            entry.inputs().stream().filter(AotEntry.Input::mutated)
                .forEach(i -> saved.put(i.name(), named.get(i.name()).copyTo(Arena.ofAuto())));
            for (int i = own; i < results.size(); i++) {
                saved.put(forwardOutputs.get(i), results.get(i));
            }
        }
        return new ForwardCall(List.copyOf(results.subList(0, own)), saved, block, back);
    }

    /** What its calls took. */
    synchronized FunctionMemory memory() {
        return new FunctionMemory(memory.bytes(), written.bytes(), gradients.bytes(), forwardScratch.bytes(),
            backwardScratch.bytes());
    }

    private Map<String, Tensor> named(List<Tensor> inputs) {
        Map<String, Tensor> named = new HashMap<>();
        for (int i = 0; i < inputs.size(); i++) {
            named.put(entry.inputs().get(i).name(), inputs.get(i));
        }
        return named;
    }

    private synchronized GraphRunner backward() {
        if (readyBackward == null) {
            readyBackward = later.orElseThrow(() -> new IllegalStateException("the function is closed")).get();
        }
        return readyBackward;
    }

    /** A forward call that has been done, and what its backward needs. */
    public final class ForwardCall {
        private final List<Tensor> outputs;
        private Map<String, Tensor> saved;
        private final SavedMemory.Block block;
        private final SavedMemory.Block back;

        private ForwardCall(List<Tensor> outputs, Map<String, Tensor> saved, SavedMemory.Block block,
                SavedMemory.Block back) {
            this.outputs = outputs;
            this.saved = saved;
            this.block = block;
            this.back = back;
        }

        /** What replaces the values of inputs has been copied to them and will not be read any more. */
        void releaseWritten() {
            back.release();
        }

        /** In the entry's order. */
        public List<Tensor> outputs() {
            return outputs;
        }

        String name(int input) {
            return entry.inputs().get(input).name();
        }

        /** Whether the backward reads an input's memory; of those that the call itself changes it has a copy. */
        boolean needs(int input) {
            return !entry.inputs().get(input).mutated() && CompiledPair.this.backward().inputs().contains(name(input));
        }

        /** Bytes that were kept for the backward besides the function's own inputs. */
        public long savedBytes() {
            return saved.entrySet().stream().filter(s -> !inputIndex.containsKey(s.getKey()))
                .mapToLong(s -> s.getValue().numel() * s.getValue().dtype().bytes()).sum();
        }

        /**
         * Runs the backward graph.
         *
         * @param tangents gradients of outputs, by their index; those missing are zero
         * @param retain whether what was saved stays, for another backward
         * @param leaves whether those who get the gradients say when they are gone
         * @throws IllegalStateException if what was saved is gone already
         */
        synchronized Gradients backward(Map<Integer, Tensor> tangents, boolean retain, boolean leaves) {
            GraphRunner graph = CompiledPair.this.backward();
            Map<String, Tensor> inputs = inputs(graph, tangents, retain);
            SavedMemory.Block apart = CompiledPair.this.gradients.take();
            List<Tensor> results;
            boolean lent;
            try (Scratch.Call scratch = backwardScratch.new Call()) {
                BackwardMemory place = new BackwardMemory(apart, scratch, retain ? Optional.empty() : Optional.of(block),
                    CompiledPair.this.memory::take, leaves && places.together());
                results = graph.run(inputs, place);
                place.release();
                lent = place.lent();
            }
            apart.note();
            if (lent) {
                places.hold();
            } else if (!retain) {
                block.release();
            }
            Map<Integer, Tensor> byInput = new HashMap<>();
            List<String> names = graph.outputs();
            for (int i = 0; i < results.size(); i++) {
                byInput.put(inputIndex.get(names.get(i).substring(JointGraph.GRADIENT.length())), results.get(i));
            }
            return new Gradients(byInput, () -> {
                apart.release();
                if (lent) {
                    block.release();
                    places.gone();
                }
            });
        }

        private Map<String, Tensor> inputs(GraphRunner graph, Map<Integer, Tensor> tangents,
                boolean retain) {
            if (saved == null) {
                throw new IllegalStateException("backward was called a second time: what the forward call saved is gone; "
                    + "pass retain_graph to the first call");
            }
            Map<String, Tensor> inputs = new HashMap<>();
            for (String name : graph.inputs()) {
                inputs.put(name, name.startsWith(JointGraph.TANGENT) && !saved.containsKey(name)
                    ? tangent(Integer.parseInt(name.substring(JointGraph.TANGENT.length())), tangents) : saved.get(name));
            }
            if (!retain) {
                saved = null;
            }
            return inputs;
        }

        private Tensor tangent(int output, Map<Integer, Tensor> tangents) {
            Tensor given = tangents.get(output);
            Tensor value = outputs.get(output);
            return given != null ? given : Tensor.allocate(value.dtype(), value.shape());
        }
    }

    @Override
    public synchronized void close() {
        forward.close();
        if (readyBackward != null) {
            readyBackward.close();
            readyBackward = null;
        }
    }
}
