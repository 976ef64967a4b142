package dev.kiln.bench.gemm;

import dev.kiln.cache.CacheHome;
import dev.kiln.cache.CacheLookup;
import dev.kiln.cache.CacheMode;
import dev.kiln.cache.CacheSettings;
import dev.kiln.cache.CompiledGraph;
import dev.kiln.cache.KeyComponents;
import dev.kiln.kernels.toolchain.Deadline;
import dev.kiln.ops.graph.Graph;
import dev.kiln.stages.CompileKeys;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.Environment;
import dev.kiln.stages.autograd.AutogradPhase;
import dev.kiln.stages.autograd.GraphSplit;
import dev.kiln.stages.autotune.AutotunePhase;
import dev.kiln.stages.autotune.KernelsChosen;
import dev.kiln.stages.codegen.CodegenPhase;
import dev.kiln.stages.pass.Decisions;
import dev.kiln.stages.postcompile.Assembly;
import dev.kiln.stages.postcompile.ExecutableGraph;
import dev.kiln.stages.postcompile.PostCompile;
import dev.kiln.stages.postgrad.PostGradPhase;
import dev.kiln.stages.trace.Traced;
import java.nio.file.Path;
import java.util.Map;

/** All phases of Kiln for a graph that is already traced, with a cache. */
final class KilnBench implements AutoCloseable {
    private final CompileOptions options;
    private final CacheHome cache;
    private final Environment environment;
    private final PostCompile postCompile;

    KilnBench(CompileOptions options, Path directory) {
        this.options = options;
        cache = CacheHome.open(new CacheSettings(directory, CacheMode.WRITE));
        environment = Environment.of(cache);
        postCompile = new PostCompile(environment);
    }

    CacheHome cache() {
        return cache;
    }

    /** From the cache, or through the phases. */
    CompiledGraph compile(String name, Graph graph) {
        KeyComponents key = CompileKeys.artifact(graph, options, environment);
        if (cache.artifacts().lookup(key.key()) instanceof CacheLookup.Hit hit) {
            return hit.graph();
        }
        Decisions decisions = new Decisions();
        GraphSplit split = AutogradPhase.run(new Traced(name, graph));
        KernelsChosen chosen = AutotunePhase.run(CodegenPhase.run(PostGradPhase.run(split, options, decisions), options,
            environment, decisions), options, environment, decisions);
        CompiledGraph compiled = Assembly.run(chosen, split, key, options, environment, decisions, Map.of(),
            Deadline.none());
        cache.artifacts().put(compiled, key);
        return compiled;
    }

    ExecutableGraph load(CompiledGraph graph) {
        return postCompile.load(graph, options);
    }

    @Override
    public void close() {
        postCompile.close();
        cache.close();
    }
}
