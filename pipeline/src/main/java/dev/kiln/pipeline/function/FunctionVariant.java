package dev.kiln.pipeline.function;

import dev.kiln.FunctionOptions;
import dev.kiln.cache.aot.AotEntry;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.shape.ShapePolicy;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.autograd.FunctionalizeRandom;
import dev.kiln.stages.trace.function.Autocast;
import dev.kiln.stages.trace.function.TracedFunction;
import dev.kiln.tensor.CapturedState;
import dev.kiln.tensor.FunctionOutputs;
import dev.kiln.tensor.FunctionTrace;
import dev.kiln.tensor.FunctionTracer;
import dev.kiln.tensor.InputAliasing;
import dev.kiln.tensor.Tensor;
import dev.kiln.tensor.TensorFunction;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** A function compiled for inputs and a state of a kind: the guards that tell, and the graphs. */
public final class FunctionVariant implements AutoCloseable {
    private final FunctionTrace trace;
    private final CapturedState state;
    private final List<CapturedState.Place> captured;
    private final List<TensorGuard> guards;
    private final boolean sharesOrMutates;
    /** Whether no two inputs share memory. */
    private final boolean apart;
    private final Optional<SymInt> counters;
    private final CompiledPair pair;
    private final Duration readyAfter;

    /** @param counters random counters that a call takes; empty if it draws no numbers */
    private FunctionVariant(FunctionTrace trace, CapturedState state, List<TensorGuard> guards, Optional<SymInt> counters,
            CompiledPair pair, Duration readyAfter) {
        this.readyAfter = readyAfter;
        this.trace = trace;
        this.state = state;
        this.captured = trace.captured().stream().map(state::place).toList();
        this.guards = guards;
        this.counters = counters;
        this.pair = pair;
        List<Integer> same = trace.aliasing().same();
        boolean shares = false;
        for (int i = 0; i < same.size(); i++) {
            shares |= same.get(i) != i;
        }
        this.apart = !shares && trace.aliasing().overlaps().isEmpty();
        this.sharesOrMutates = shares || trace.function().inputs().stream().anyMatch(AotEntry.Input::mutated);
    }

    /** Traces and compiles a function for the inputs of a call. */
    public static FunctionVariant compile(String name, TensorFunction function, Object seen, List<Tensor> inputs,
            List<Set<Integer>> open, FunctionCompiler compiler, FunctionOptions options) {
        long start = System.nanoTime();
        try (Turns.Turn turn = compiler.turn()) {
            CapturedState state = CapturedState.of(seen);
            FunctionTrace trace = FunctionTracer.trace(name, function, inputs, open, ShapePolicy.DEFAULT, state);
            List<TensorGuard> guards = new ArrayList<>();
            for (int i = 0; i < inputs.size(); i++) {
                guards.add(TensorGuard.of("input " + i, inputs.get(i), open.get(i)));
            }
            for (int i = 0; i < trace.captured().size(); i++) {
                guards.add(TensorGuard.of(trace.function().inputs().get(inputs.size() + i).name(), trace.captured().get(i),
                    Set.of()));
            }
            boolean training = trace.function().outputs().stream().anyMatch(AotEntry.Output::requiresGrad);
            TracedFunction traced = options.autocast().map(d -> Autocast.run(trace.function(), d)).orElse(trace.function());
            FunctionalizeRandom.Result random = FunctionalizeRandom.run(traced.graph());
            CompiledPair pair = compiler.compile(withState(traced, random), training, options, turn);
            return new FunctionVariant(trace, state, guards, random.state().map(s -> random.counters()), pair,
                Duration.ofNanos(System.nanoTime() - start));
        }
    }

    /** The function with its random numbers drawn from a state that is its last input. */
    private static TracedFunction withState(TracedFunction function, FunctionalizeRandom.Result random) {
        List<AotEntry.Input> inputs = new ArrayList<>(function.inputs());
        random.state().ifPresent(name -> inputs.add(new AotEntry.Input(name, AotEntry.InputKind.RANDOM_STATE, false, false)));
        return new TracedFunction(function.name(), random.graph(), inputs, function.outputs());
    }

    /** Why it does not serve a call; empty if it does. */
    public Optional<String> mismatch(List<Tensor> inputs) {
        Optional<String> changed = state.changed();
        if (changed.isPresent()) {
            return changed;
        }
        if (inputs.size() + captured.size() != guards.size()) {
            return Optional.of("the number of inputs was " + (guards.size() - captured.size()) + ", is " + inputs.size());
        }
        List<Tensor> all = all(inputs);
        for (int i = 0; i < all.size(); i++) {
            Optional<String> mismatch = guards.get(i).mismatch(all.get(i));
            if (mismatch.isPresent()) {
                return mismatch;
            }
        }
        List<dev.kiln.kernels.runtime.Tensor> values = values(all);
        if (sharesOrMutates && !InputAliasing.of(values).equals(trace.aliasing())) {
            return Optional.of("inputs share memory in another way");
        }
        return isOpen() && !pair.accepts(withState(values, RandomState.NONE)) ? Optional.of("the sizes break a guard of the graph") : Optional.empty();
    }

    private boolean isOpen() {
        return !trace.function().graph().shapes().symbols().isEmpty();
    }

    private List<Tensor> all(List<Tensor> inputs) {
        return Stream.concat(inputs.stream(), captured.stream().map(CapturedState.Place::tensor)).toList();
    }

    private static List<dev.kiln.kernels.runtime.Tensor> values(List<Tensor> tensors) {
        return tensors.stream().map(Tensor::value).toList();
    }

    /** Runs the forward graph and gives its results the form that the function's have. */
    public List<Tensor> call(List<Tensor> inputs, Autograd autograd, RandomState random) {
        List<Tensor> all = all(inputs);
        List<dev.kiln.kernels.runtime.Tensor> values = values(all);
        CompiledPair.ForwardCall call = pair.run(withState(values, random), apart);
        List<AotEntry.Output> outputs = pair.entry().outputs();
        Map<String, Long> symbols = isOpen() ? symbols(values) : Map.of();
        FunctionOutputs.applyMutations(outputs, values, call.outputs());
        FunctionOutputs.noteMutations(outputs, all);
        call.releaseWritten();
        Optional<AutogradCall> node = pair.differentiable() ? Optional.of(new AutogradCall(autograd, call, all))
            : Optional.empty();
        List<Tensor> results = new ArrayList<>();
        for (int i = 0; i < outputs.size(); i++) {
            AotEntry.Output output = outputs.get(i);
            Optional<AutogradCall> source = output.requiresGrad() ? node : Optional.empty();
            int index = i;
            switch (output.kind()) {
                case IS_INPUT -> results.add(all.get(output.base()));
                case MUTATED_INPUT -> source.ifPresent(n -> all.get(output.base()).source(n.output(index)));
                case INTERMEDIATE -> { }
                case FRESH, ALIAS_OF_INPUT, ALIAS_OF_OUTPUT -> {
                    Tensor result = Tensor.of(FunctionOutputs.memory(i, outputs, values, call.outputs(), symbols));
                    source.ifPresent(n -> result.source(n.output(index)));
                    results.add(result);
                }
            }
        }
        return results;
    }

    private List<dev.kiln.kernels.runtime.Tensor> withState(List<dev.kiln.kernels.runtime.Tensor> values,
            RandomState random) {
        if (counters.isEmpty()) {
            return values;
        }
        Map<String, Long> symbols = isOpen() ? symbols(values) : Map.of();
        return Stream.concat(values.stream(), Stream.of(random.take(counters.get().evaluate(symbols::get)))).toList();
    }

    /** Values of the symbols, each of which is the size of some dimension. */
    private Map<String, Long> symbols(List<dev.kiln.kernels.runtime.Tensor> values) {
        Map<String, Long> symbols = new HashMap<>();
        List<Node.Placeholder> placeholders = trace.function().graph().placeholders();
        for (int i = 0; i < values.size(); i++) {
            List<SymInt> sizes = placeholders.get(i).tensor().sizes();
            for (int d = 0; d < sizes.size(); d++) {
                if (!sizes.get(d).isConstant()) {
                    symbols.putIfAbsent(sizes.get(d).toString(), values.get(i).size(d));
                }
            }
        }
        return symbols;
    }

    /** Its entry in the AOTAutograd cache. */
    public AotEntry entry() {
        return pair.entry();
    }

    /** What its calls took. */
    public FunctionMemory memory() {
        return pair.memory();
    }

    /** Whether it came from the cache. */
    public boolean cacheHit() {
        return pair.cacheHit();
    }

    /** How long tracing, and compiling or loading, took. */
    public Duration readyAfter() {
        return readyAfter;
    }

    /** The functional graph that was traced. */
    public FunctionTrace trace() {
        return trace;
    }

    @Override
    public void close() {
        pair.close();
    }
}
