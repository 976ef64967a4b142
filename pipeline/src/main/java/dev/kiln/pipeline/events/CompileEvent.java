package dev.kiln.pipeline.events;

import dev.kiln.cache.CompiledGraph;
import dev.kiln.stages.CompileRequest;
import dev.kiln.stages.codegen.GeneratedCode;
import dev.kiln.stages.postcompile.ExecutableGraph;

/** Something that happened to a compile. Each is published at {@link #address} of its type. */
public sealed interface CompileEvent {

    EventHeader header();

    /** Where events of a type are published. */
    static String address(Class<? extends CompileEvent> type) {
        return "kiln." + type.getSimpleName();
    }

    /** Somebody wants a model compiled, and the request is not known to the cache. */
    record CompileRequested(EventHeader header, CompileRequest request) implements CompileEvent {
    }

    /** The model has become a graph. */
    record Traced(EventHeader header, dev.kiln.stages.trace.Traced traced, ArtifactKeys keys)
            implements CompileEvent {
    }

    /** The graph has been split; nothing of it was found among the AOTAutograd entries. */
    record GraphSplit(EventHeader header, dev.kiln.stages.autograd.GraphSplit split, ArtifactKeys keys)
            implements CompileEvent {
    }

    /** The cache holds the graph: what is left is post-compile. */
    record ArtifactFound(EventHeader header, CompiledGraph graph, ArtifactKeys keys) implements CompileEvent {
    }

    /** The passes have run. */
    record PostGradDone(EventHeader header, dev.kiln.stages.postgrad.PostGradDone graph,
            Compilation compilation) implements CompileEvent {
    }

    /** There is source code for each kernel, in all its variants. */
    record KernelsGenerated(EventHeader header, GeneratedCode code, Compilation compilation)
            implements CompileEvent {
    }

    /** Each kernel has the variant that will be used. */
    record KernelsChosen(EventHeader header, dev.kiln.stages.autotune.KernelsChosen chosen,
            Compilation compilation) implements CompileEvent {
    }

    /**
     * The graph can be called; the end of a compile that went well.
     *
     * @param found whether the cache held it
     */
    record GraphReady(EventHeader header, CompiledGraph graph, ExecutableGraph executable, boolean found)
            implements CompileEvent {
    }

    /**
     * The end of a compile that did not go well.
     *
     * @param phase where it happened
     * @param remedy what the user can do
     */
    record CompileFailed(EventHeader header, String phase, Throwable cause, String remedy)
            implements CompileEvent {
    }
}
