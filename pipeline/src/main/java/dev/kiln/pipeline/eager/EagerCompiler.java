package dev.kiln.pipeline.eager;

import dev.kiln.cache.CacheHome;
import dev.kiln.cache.CacheKey;
import dev.kiln.cache.CacheLookup;
import dev.kiln.cache.CompiledGraph;
import dev.kiln.cache.EagerIndex;
import dev.kiln.cache.KeyComponents;
import dev.kiln.kernels.toolchain.Deadline;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.metadata.ParameterMetadata;
import dev.kiln.pipeline.LoadedModel;
import dev.kiln.pipeline.ModelLoader;
import dev.kiln.stages.CompileKeys;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.Environment;
import dev.kiln.stages.autograd.AutogradPhase;
import dev.kiln.stages.autograd.GraphSplit;
import dev.kiln.stages.autotune.AutotunePhase;
import dev.kiln.stages.autotune.KernelsChosen;
import dev.kiln.stages.codegen.CodegenPhase;
import dev.kiln.stages.codegen.GeneratedCode;
import dev.kiln.stages.eager.EagerCall;
import dev.kiln.stages.pass.Decisions;
import dev.kiln.stages.postcompile.Assembly;
import dev.kiln.stages.postgrad.PostGradPhase;
import dev.kiln.stages.trace.LowPrecisionBarriers;
import dev.kiln.stages.trace.Traced;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.LoggerFactory;

/** Makes kernels of single calls ready: from the cache, or through the phases, on the calling thread. */
public final class EagerCompiler {
    private final Environment environment;
    private final ModelLoader loader;
    private final CompileOptions options;
    private final Optional<Duration> timeLimit;
    private final AtomicLong compiles = new AtomicLong();
    private final AtomicLong loads = new AtomicLong();

    public EagerCompiler(Environment environment, ModelLoader loader, CompileOptions options,
            Optional<Duration> timeLimit) {
        this.environment = environment;
        this.loader = loader;
        this.options = options;
        this.timeLimit = timeLimit;
    }

    CacheKey opKey(String overload) {
        return CompileKeys.eager(overload, options, environment);
    }

    /** What earlier processes compiled of an op; nothing in the cache's check mode. */
    List<EagerIndex.Entry> stored(CacheKey op) {
        CacheHome cache = environment.cache();
        return cache.mode().checks() ? List.of() : cache.eager().find(op);
    }

    /** The kernel of an entry; if it is missing or damaged, the entry is forgotten. */
    Optional<LoadedModel> load(CacheKey op, EagerIndex.Entry entry) {
        CacheLookup found = environment.cache().artifacts().lookup(entry.artifact());
        if (found instanceof CacheLookup.Hit hit) {
            Optional<LoadedModel> model = load(hit.graph());
            if (model.isPresent()) {
                return model;
            }
        }
        environment.cache().eager().remove(op, entry);
        return Optional.empty();
    }

    private Optional<LoadedModel> load(CompiledGraph graph) {
        try {
            LoadedModel model = loader.own(loader.load(graph, options));
            loads.incrementAndGet();
            return Optional.of(model);
        } catch (IllegalStateException e) {
            throw e;
        } catch (RuntimeException e) {
            LoggerFactory.getLogger(EagerCompiler.class).warn("entry {} does not load and is compiled again: {}",
                graph.key(), e.toString());
            environment.cache().artifacts().quarantine(graph.key(), "it does not load");
            return Optional.empty();
        }
    }

    /** Compiles a call, unless the artifact cache has its graph, and remembers it under its metadata. */
    LoadedModel compile(CacheKey op, List<ParameterMetadata> metadata, EagerCall call, EagerCall now) {
        Graph traced = call.graph(now.tensors());
        Graph graph = options.emulatePrecisionCasts() ? LowPrecisionBarriers.mark(traced) : traced;
        KeyComponents key = CompileKeys.artifact(graph, options, environment);
        CacheHome cache = environment.cache();
        Optional<LoadedModel> known = !cache.mode().checks()
            && cache.artifacts().lookup(key.key()) instanceof CacheLookup.Hit hit ? load(hit.graph()) : Optional.empty();
        LoadedModel model = known.orElseGet(() -> build(call, graph, key));
        cache.eager().put(op, new EagerIndex.Entry(ParameterMetadata.encode(metadata), key.key()));
        return model;
    }

    private LoadedModel build(EagerCall call, Graph graph, KeyComponents key) {
        Deadline deadline = timeLimit.map(Deadline::after).orElse(Deadline.none());
        Decisions decisions = new Decisions();
        GraphSplit split = AutogradPhase.run(new Traced(call.op().name(), graph));
        GeneratedCode code = CodegenPhase.run(PostGradPhase.run(split, options, decisions), options, environment,
            decisions);
        KernelsChosen chosen = AutotunePhase.run(code, options, environment, decisions, deadline, state -> { });
        CompiledGraph compiled = Assembly.run(chosen, split, key, options, environment, decisions, Map.of(), deadline);
        environment.cache().artifacts().put(compiled, key);
        compiles.incrementAndGet();
        return loader.own(loader.load(compiled, options));
    }

    long compiles() {
        return compiles.get();
    }

    long loads() {
        return loads.get();
    }
}
