package dev.kiln.pipeline;

import dev.kiln.cache.CompiledGraph;
import dev.kiln.kernels.runtime.BlockPool;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.Environment;
import dev.kiln.stages.postcompile.ExecutableGraph;
import dev.kiln.stages.postcompile.PostCompile;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Does post-compile for hits and misses alike, and knows what is loaded. Safe for use by many threads. */
public final class ModelLoader implements AutoCloseable {
    private final PostCompile postCompile;
    private final BlockPool blocks = new BlockPool();
    private final Set<LoadedModel> loaded = new HashSet<>();
    private boolean closed;

    public ModelLoader(Environment environment) {
        postCompile = new PostCompile(environment);
    }

    /** A graph that can be called; whoever takes it must {@link #own} or close it. */
    public ExecutableGraph load(CompiledGraph graph, CompileOptions options) {
        return postCompile.load(graph, options);
    }

    /** Makes a loaded graph shareable; its first user is the caller. */
    public LoadedModel own(ExecutableGraph executable) {
        LoadedModel model = new LoadedModel(executable, this);
        synchronized (this) {
            if (!closed) {
                loaded.add(model);
                return model;
            }
        }
        executable.close();
        throw new IllegalStateException("Kiln is closed");
    }

    /** Memory that calls of functions hand on to each other. */
    public BlockPool blocks() {
        return blocks;
    }

    /** Gives memory that is kept for later calls, but not in use, back to the system. */
    public void releaseMemory() {
        blocks.clear();
        postCompile.releaseMemory();
    }

    void unload(LoadedModel model) {
        synchronized (this) {
            loaded.remove(model);
        }
        model.executable().close();
    }

    /** Waits for running calls, then unloads everything, whoever still uses it. Repeatable. */
    @Override
    public void close() {
        List<LoadedModel> left;
        synchronized (this) {
            closed = true;
            left = List.copyOf(loaded);
            loaded.clear();
        }
        for (LoadedModel model : left) {
            model.executable().close();
        }
        postCompile.close();
    }
}
