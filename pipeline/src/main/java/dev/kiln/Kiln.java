package dev.kiln;

import dev.kiln.cache.CacheHome;
import dev.kiln.cache.CacheKey;
import dev.kiln.cache.CompiledGraph;
import dev.kiln.ops.KilnException;
import dev.kiln.pipeline.JobIdentity;
import dev.kiln.pipeline.JobResult;
import dev.kiln.pipeline.JobSource;
import dev.kiln.pipeline.LoadedModel;
import dev.kiln.pipeline.ModelLoader;
import dev.kiln.pipeline.Pipeline;
import dev.kiln.pipeline.eager.EagerCompiler;
import dev.kiln.pipeline.eager.EagerKernels;
import dev.kiln.pipeline.function.Autograd;
import dev.kiln.pipeline.function.FunctionCompiler;
import dev.kiln.pipeline.function.RandomState;
import dev.kiln.stages.CompileKeys;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.CompileRequest;
import dev.kiln.stages.Environment;
import dev.kiln.stages.trace.TracePhase;
import dev.kiln.tensor.TensorFunction;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Compiles models and gives them back ready to run. A request is looked for among the models in memory, then
 * in the cache; only what is found in neither goes through the phases. Safe for use by many threads; keep one
 * open for as long as models are needed.
 *
 * <pre>{@code
 * try (Kiln kiln = Kiln.open(); CompiledModel model = kiln.compileBlocking(Path.of("model.onnx"))) {
 *     Map<String, Tensor> outputs = model.run(Map.of("x", Tensor.ofFloats(values, 1, 16)));
 * }
 * }</pre>
 */
public final class Kiln implements AutoCloseable {
    private final KilnConfig config;
    private final CacheHome cache;
    private final Environment environment;
    private final ModelLoader loader;
    private final WarmStart warmStart;
    private final KilnThreads threads = new KilnThreads();
    private final ModelMemory memory;
    private final FunctionCompiler functions;
    private final RandomState random = new RandomState(CompileOptions.defaults().seed());
    private final AtomicLong hits = new AtomicLong();
    private final Map<CompileOptions, EagerKernels> eager = new ConcurrentHashMap<>();
    private final Object starting = new Object();
    private Pipeline pipeline;
    private volatile boolean closed;

    private Kiln(KilnConfig config) {
        this.config = config;
        cache = CacheHome.open(config.cache());
        environment = Environment.of(cache);
        loader = new ModelLoader(environment);
        warmStart = new WarmStart(environment, loader);
        functions = new FunctionCompiler(environment, loader, this::pipeline, config.deadline());
        memory = config.modelsInMemory() == 0 ? null : new ModelMemory(config.modelsInMemory());
    }

    /** With the settings of the environment variables. */
    public static Kiln open() {
        return open(KilnConfig.fromEnvironment());
    }

    /** Never fails because of the cache: one that cannot be used is reported, and works as an empty one. */
    public static Kiln open(KilnConfig config) {
        return new Kiln(config);
    }

    /** As {@link #compile(CompileRequest)}, with default options and the model's own shapes. */
    public CompletableFuture<CompiledModel> compile(Path model) {
        return compile(CompileRequest.of(model));
    }

    /**
     * Makes a model ready to run, off the calling thread. The result fails with
     * {@link KilnException.BadInput} if the request is at fault, else with {@link CompileFailedException}.
     * Cancelling it cancels the compile once nobody else waits for the same.
     */
    public CompletableFuture<CompiledModel> compile(CompileRequest request) {
        requireOpen();
        CompletableFuture<CompiledModel> result = new CompletableFuture<>();
        threads.execute(() -> {
            try {
                CacheKey key = key(request);
                Optional<CompiledModel> ready = ready(request, key);
                if (ready.isPresent()) {
                    handOver(ready.get(), result);
                } else {
                    awaitJob(request, JobIdentity.of(request.model(), key), result);
                }
            } catch (RuntimeException | Error e) {
                result.completeExceptionally(e);
            }
        });
        return result;
    }

    private void awaitJob(CompileRequest request, JobIdentity identity,
            CompletableFuture<CompiledModel> result) {
        CompletableFuture<JobResult> job = submit(request, identity);
        job.whenComplete((done, error) -> {
            if (error != null) {
                result.completeExceptionally(error);
            } else {
                handOver(compiled(done, identity, request), result);
            }
        });
        result.whenComplete((model, error) -> {
            if (result.isCancelled()) {
                job.cancel(true);
            }
        });
    }

    /** Single ATen ops, called as in PyTorch's eager mode, with default options. */
    public EagerOps eager() {
        return eager(CompileOptions.defaults());
    }

    public EagerOps eager(CompileOptions options) {
        requireOpen();
        return new EagerOps(eager.computeIfAbsent(options, o -> new EagerKernels(
            new EagerCompiler(environment, loader, o, config.deadline()))), false);
    }

    /** As {@link #compileAll}, for a function of one tensor with one result; a module's {@code forward} for example. */
    public CompiledFunction compile(Function1 function) {
        return compile(function, FunctionOptions.defaults());
    }

    public CompiledFunction compile(Function1 function, FunctionOptions options) {
        return compiled(nameOf(function), inputs -> List.of(function.apply(single(inputs, 1).get(0))), function, options);
    }

    /** As {@link #compileAll}, for a function of two tensors with one result; model and loss for example. */
    public CompiledFunction compile(Function2 function) {
        return compile(function, FunctionOptions.defaults());
    }

    public CompiledFunction compile(Function2 function, FunctionOptions options) {
        return compiled(nameOf(function),
            inputs -> List.of(function.apply(single(inputs, 2).get(0), inputs.get(1))), function, options);
    }

    /**
     * A Java function over tensors, to be traced and compiled when it is called. Tensors that it touches besides its
     * arguments, such as parameters of modules, are inputs of the graph.
     *
     * @param name what to call it in messages
     */
    public CompiledFunction compileAll(String name, TensorFunction function, FunctionOptions options) {
        return compiled(name, function, function, options);
    }

    /**
     * As {@link #compileAll(String, TensorFunction, FunctionOptions)}, for a function that depends on less than it can see.
     *
     * @param state what the function depends on besides its arguments; a change of it traces the function again
     */
    public CompiledFunction compileAll(String name, TensorFunction function, Object state, FunctionOptions options) {
        return compiled(name, function, state, options);
    }

    /**
     * Sets the seed of random ops in compiled functions and begins their numbers anew: the same calls then draw the same
     * numbers, compiled or not. At first it is that of {@code KILN_SEED}, or 0.
     */
    public void manual_seed(long seed) {
        random.seed(seed);
    }

    /** Where the random numbers of compiled functions are: i64[2], to be given to {@link #set_rng_state} later. */
    public dev.kiln.tensor.Tensor get_rng_state() {
        return dev.kiln.tensor.Tensor.of(random.state());
    }

    /**
     * Goes on with random numbers where {@link #get_rng_state} was asked.
     *
     * @throws KilnException.BadInput if it is no such state
     */
    public void set_rng_state(dev.kiln.tensor.Tensor state) {
        random.restore(state.value());
    }

    /** A function of one tensor. */
    @FunctionalInterface
    public interface Function1 {
        dev.kiln.tensor.Tensor apply(dev.kiln.tensor.Tensor input);
    }

    /** A function of two tensors. */
    @FunctionalInterface
    public interface Function2 {
        dev.kiln.tensor.Tensor apply(dev.kiln.tensor.Tensor first, dev.kiln.tensor.Tensor second);
    }

    private static List<dev.kiln.tensor.Tensor> single(List<dev.kiln.tensor.Tensor> inputs, int count) {
        if (inputs.size() != count) {
            throw new KilnException.BadInput("the function takes " + count + " tensors, got " + inputs.size());
        }
        return inputs;
    }

    private static String nameOf(Object function) {
        String name = function.getClass().getSimpleName();
        int lambda = name.indexOf("$$Lambda");
        return lambda < 0 ? name : name.substring(0, lambda) + " function";
    }

    private CompiledFunction compiled(String name, TensorFunction function, Object state, FunctionOptions options) {
        requireOpen();
        Autograd autograd = new Autograd((a, b) -> eager(options.compile()).call("aten.add.Tensor", a, b));
        return new CompiledFunction(name, function, state, functions, options, autograd, random);
    }

    private static void handOver(CompiledModel model, CompletableFuture<CompiledModel> result) {
        if (!result.complete(model)) {
            model.close();
        }
    }

    public CompiledModel compileBlocking(Path model) {
        return compileBlocking(CompileRequest.of(model));
    }

    /**
     * As {@link #compile(CompileRequest)}, on the calling thread as far as possible; interrupting it cancels.
     *
     * @throws KilnException.BadInput if the request is at fault
     * @throws CompileFailedException if the compile failed, was cancelled or took too long
     */
    public CompiledModel compileBlocking(CompileRequest request) {
        requireOpen();
        CacheKey key = key(request);
        Optional<CompiledModel> ready = ready(request, key);
        if (ready.isPresent()) {
            return ready.get();
        }
        JobIdentity identity = JobIdentity.of(request.model(), key);
        return compiled(await(submit(request, identity)), identity, request);
    }

    private CompletableFuture<JobResult> submit(CompileRequest request, JobIdentity identity) {
        return pipeline().submit(new JobSource.ModelFile(request), identity, config.deadline());
    }

    private static JobResult await(CompletableFuture<JobResult> job) {
        try {
            return job.get();
        } catch (ExecutionException | CompletionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause
                : new KilnException("the compile failed: " + e.getCause(), e.getCause());
        } catch (InterruptedException e) {
            job.cancel(true);
            job.thenAccept(done -> done.model().release());
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted while compiling");
        }
    }

    private CacheKey key(CompileRequest request) {
        TracePhase.requireReadable(request.model());
        return CompileKeys.request(request, environment);
    }

    /** From memory, or from the cache. */
    private Optional<CompiledModel> ready(CompileRequest request, CacheKey key) {
        if (memory == null || cache.mode().checks()) {
            return fromCache(request, key);
        }
        JobIdentity identity = JobIdentity.of(request.model(), key);
        Optional<LoadedModel> inMemory = memory.find(identity);
        if (inMemory.isPresent()) {
            CompileInfo info = new CompileInfo(inMemory.get().executable().graph(), true, List.of(), 0);
            return Optional.of(model(inMemory.get(), info, request));
        }
        Optional<CompiledModel> found = fromCache(request, key);
        found.ifPresent(model -> memory.keep(identity, model.loaded()));
        return found;
    }

    private Optional<CompiledModel> fromCache(CompileRequest request, CacheKey key) {
        Optional<WarmStart.Found> found = warmStart.find(request, key);
        return found.isEmpty() ? Optional.empty()
            : Optional.of(model(found.get().model(), found.get().info(), request));
    }

    private CompiledModel compiled(JobResult done, JobIdentity identity, CompileRequest request) {
        if (memory != null) {
            memory.keep(identity, done.model());
        }
        return model(done.model(), done.info(), request);
    }

    private CompiledModel model(LoadedModel loaded, CompileInfo info, CompileRequest request) {
        if (info.cacheHit()) {
            hits.incrementAndGet();
        }
        return new CompiledModel(loaded, info, threads, this, request);
    }

    /** A graph from the cache, ready to run. */
    CompiledModel load(CompiledGraph graph, CompileRequest request) {
        LoadedModel loaded = loader.own(loader.load(graph, request.options()));
        return model(loaded, new CompileInfo(graph, true, List.of(), 0), request);
    }

    private Pipeline pipeline() {
        synchronized (starting) {
            requireOpen();
            if (pipeline == null) {
                pipeline = Pipeline.start(config, environment, loader, threads);
            }
            return pipeline;
        }
    }

    /**
     * Gives native memory that is kept for later calls, but not in use, back to the system; the next calls take it anew.
     * What the garbage collector has not found to be unreachable yet stays.
     */
    public void releaseMemory() {
        requireOpen();
        loader.releaseMemory();
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("Kiln is closed");
        }
    }

    /** The open cache. */
    public CacheHome cache() {
        return cache;
    }

    /** Compiles that ended well so far. */
    public long compiles() {
        synchronized (starting) {
            return pipeline == null ? 0 : pipeline.compiles();
        }
    }

    /** Requests that joined a compile that was under way so far. */
    public long joined() {
        synchronized (starting) {
            return pipeline == null ? 0 : pipeline.joined();
        }
    }

    /** Requests that were answered from memory or from the cache so far. */
    public long hits() {
        return hits.get();
    }

    /** Cancels what is being compiled, waits for running calls, and unloads every model. Repeatable. */
    @Override
    public void close() {
        synchronized (starting) {
            if (closed) {
                return;
            }
            closed = true;
        }
        functions.close();
        if (pipeline != null) {
            pipeline.close();
        }
        if (memory != null) {
            memory.clear();
        }
        threads.close();
        loader.close();
        cache.close();
    }
}
