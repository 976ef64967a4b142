package dev.kiln.pipeline.function;

import dev.kiln.FunctionOptions;
import dev.kiln.cache.CacheKey;
import dev.kiln.cache.CompiledGraph;
import dev.kiln.cache.KeyComponents;
import dev.kiln.cache.aot.AotEntry;
import dev.kiln.cache.aot.AotLookup;
import dev.kiln.ops.KilnException;
import dev.kiln.pipeline.JobIdentity;
import dev.kiln.pipeline.JobResult;
import dev.kiln.pipeline.JobSource;
import dev.kiln.pipeline.LoadedModel;
import dev.kiln.pipeline.ModelLoader;
import dev.kiln.pipeline.Pipeline;
import dev.kiln.pipeline.events.ArtifactKeys;
import dev.kiln.stages.CompileKeys;
import dev.kiln.stages.Environment;
import dev.kiln.stages.autograd.AutogradPhase;
import dev.kiln.stages.autograd.FunctionSplit;
import dev.kiln.stages.autograd.GraphSplit;
import dev.kiln.stages.autograd.MinCutPartitioner;
import dev.kiln.stages.trace.function.TracedFunction;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;
import org.slf4j.LoggerFactory;

/**
 * Makes traced functions ready to run: from the AOTAutograd cache, or by the split and the phases behind it. Forward and
 * backward are jobs of their own, side by side.
 */
public final class FunctionCompiler implements AutoCloseable {
    private final Environment environment;
    private final FunctionEntries entries;
    private final ModelLoader loader;
    private final Supplier<Pipeline> pipeline;
    private final Optional<Duration> timeLimit;
    private final Turns turns = new Turns();

    public FunctionCompiler(Environment environment, ModelLoader loader, Supplier<Pipeline> pipeline,
            Optional<Duration> timeLimit) {
        this.environment = environment;
        this.entries = new FunctionEntries(environment);
        this.loader = loader;
        this.pipeline = pipeline;
        this.timeLimit = timeLimit;
    }

    /** To be held while a function is traced. */
    Turns.Turn turn() {
        return turns.take();
    }

    /** Waits while calls trace functions and look them up: for work ahead of need. */
    public void awaitCalls() throws InterruptedException {
        turns.awaitNone();
    }

    /** Compiles nothing more; waits while functions are looked up and loaded, not for the phases. Repeatable. */
    @Override
    public void close() {
        turns.end();
    }

    /**
     * @param training whether gradients will be asked for
     * @param turn ends when nothing is left but waiting for the phases
     */
    CompiledPair compile(TracedFunction function, boolean training, FunctionOptions options, Turns.Turn turn) {
        KeyComponents key = CompileKeys.function(function, training, options.partition().settings(), options.compile(),
            environment);
        if (options.backend() == FunctionOptions.Backend.AOT_EAGER) {
            return interpreted(key.key(), function, training, options);
        }
        FunctionEntries.Found found = entries.find(key, function.graph().shapes());
        Optional<CompiledPair> stored = found.hit().flatMap(hit -> loaded(hit, found, function, options));
        return stored.orElseGet(() -> fresh(found, function, training, options, turn));
    }

    private static FunctionSplit split(TracedFunction function, boolean training, FunctionOptions options) {
        return training ? AutogradPhase.split(function, new MinCutPartitioner(options.partition()))
            : AutogradPhase.whole(function);
    }

    private CompiledPair interpreted(CacheKey key, TracedFunction function, boolean training, FunctionOptions options) {
        FunctionSplit split = split(function, training, options);
        AotEntry entry = entry(key, key, Optional.empty(), function, saved(split), List.of(), false, 0);
        return CompiledPair.of(entry, new InterpretedRunner(split.forward().forward()),
            split.backward().map(b -> new InterpretedRunner(b.forward())), loader.blocks(), false);
    }

    /** Post-compile is done for both graphs only once both have been found. */
    private Optional<CompiledPair> loaded(AotLookup.Hit hit, FunctionEntries.Found place, TracedFunction function,
            FunctionOptions options) {
        AotEntry entry = hit.entry();
        Optional<LoadedModel> forward = load(hit.forward(), options);
        if (forward.isEmpty()) {
            return Optional.empty();
        }
        if (entry.partial()) {
            return Optional.of(CompiledPair.lazy(entry, new CompiledRunner(forward.get()),
                () -> completed(place, entry, function, options), loader.blocks(), true));
        }
        Optional<LoadedModel> backward = hit.backward().flatMap(graph -> load(graph, options));
        if (hit.backward().isPresent() && backward.isEmpty()) {
            forward.get().release();
            return Optional.empty();
        }
        return Optional.of(CompiledPair.of(entry, new CompiledRunner(forward.get()),
            backward.map(CompiledRunner::new), loader.blocks(), true));
    }

    /** An entry that does not load is as good as none: it is set aside, and the phases make it anew. */
    private Optional<LoadedModel> load(CompiledGraph graph, FunctionOptions options) {
        try {
            return Optional.of(loader.own(loader.load(graph, options.compile())));
        } catch (IllegalStateException e) {
            throw e;
        } catch (RuntimeException e) {
            LoggerFactory.getLogger(FunctionCompiler.class).warn("entry {} does not load and is compiled again: {}",
                graph.key(), e.toString());
            environment.cache().artifacts().quarantine(graph.key(), "it does not load");
            return Optional.empty();
        }
    }

    private CompiledPair fresh(FunctionEntries.Found place, TracedFunction function, boolean training,
            FunctionOptions options, Turns.Turn turn) {
        long start = System.nanoTime();
        FunctionSplit split = split(function, training, options);
        CompletableFuture<JobResult> forwardJob = submit(split.forward(), options);
        Optional<CompletableFuture<JobResult>> backwardJob = options.lazyBackward() ? Optional.empty()
            : split.backward().map(b -> submit(b, options));
        turn.close();
        LoadedModel forward = await(forwardJob, backwardJob);
        Optional<LoadedModel> backward = backwardJob.map(job -> await(job, Optional.of(forwardJob)));
        boolean partial = split.backward().isPresent() && backward.isEmpty();
        AotEntry entry = entry(place.key().key(), graph(forward).key(), backward.map(b -> graph(b).key()), function,
            saved(split), guards(graph(forward).signature().guards(), backward), partial, System.nanoTime() - start);
        entries.put(entry, place);
        return partial
            ? CompiledPair.lazy(entry, new CompiledRunner(forward),
                () -> completed(place, entry, split.backward().get(), options), loader.blocks(), false)
            : CompiledPair.of(entry, new CompiledRunner(forward), backward.map(CompiledRunner::new), loader.blocks(),
                false);
    }

    /** The forward graph's, and those that only the backward graph has. */
    private static List<String> guards(List<String> forward, Optional<LoadedModel> backward) {
        Set<String> all = new LinkedHashSet<>(forward);
        backward.ifPresent(b -> all.addAll(graph(b).signature().guards()));
        return List.copyOf(all);
    }

    private GraphRunner completed(FunctionEntries.Found place, AotEntry partial, TracedFunction function,
            FunctionOptions options) {
        GraphSplit backward = split(function, true, options).backward().orElseThrow();
        return completed(place, partial, backward, options);
    }

    /** Compiles the backward graph that a partial entry lacks, and stores the whole entry. */
    private GraphRunner completed(FunctionEntries.Found place, AotEntry partial, GraphSplit backward,
            FunctionOptions options) {
        long start = System.nanoTime();
        LoadedModel model = await(submit(backward, options), Optional.empty());
        entries.put(partial.withBackward(graph(model).key(), guards(partial.guards(), Optional.of(model)),
            partial.compileNanos() + System.nanoTime() - start), place);
        return new CompiledRunner(model);
    }

    /** Outputs of the forward graph that are kept for the backward graph. */
    private static int saved(FunctionSplit split) {
        return split.forward().forward().outputs().size() - split.forward().outputs().size();
    }

    private static CompiledGraph graph(LoadedModel model) {
        return model.executable().graph();
    }

    private static AotEntry entry(CacheKey key, CacheKey forward, Optional<CacheKey> backward, TracedFunction function,
            int saved, List<String> guards, boolean partial, long nanos) {
        List<String> symbols = function.graph().shapes().symbols().stream().map(s -> s.name()).toList();
        boolean random = function.inputs().stream().anyMatch(i -> i.kind() == AotEntry.InputKind.RANDOM_STATE);
        return new AotEntry(key, forward, backward, function.inputs(), function.outputs(), symbols, guards,
            new AotEntry.Wrappers(saved, List.of(), true, random), partial, nanos);
    }

    private CompletableFuture<JobResult> submit(GraphSplit split, FunctionOptions options) {
        KeyComponents key = CompileKeys.artifact(split, options.compile(), environment);
        JobSource source = new JobSource.SplitGraph(split, new ArtifactKeys(key, Optional.empty()), options.compile());
        return pipeline.get().submit(source, JobIdentity.ofGraph(key.key()), timeLimit);
    }

    /** @param other a job that nobody needs if this one fails; its model is let go of */
    private static LoadedModel await(CompletableFuture<JobResult> job, Optional<CompletableFuture<JobResult>> other) {
        try {
            return job.get().model();
        } catch (ExecutionException e) {
            other.ifPresent(FunctionCompiler::abandon);
            throw e.getCause() instanceof RuntimeException cause ? cause
                : new KilnException("the compile failed: " + e.getCause(), e.getCause());
        } catch (InterruptedException e) {
            abandon(job);
            other.ifPresent(FunctionCompiler::abandon);
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted while compiling");
        }
    }

    private static void abandon(CompletableFuture<JobResult> job) {
        job.cancel(true);
        job.thenAccept(done -> done.model().release());
    }
}
