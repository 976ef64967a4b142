package dev.kiln.pipeline.events;

import dev.kiln.cache.CacheKey;
import dev.kiln.cache.CompiledGraph;
import dev.kiln.cache.aot.AotAutogradCache;
import dev.kiln.cache.aot.AotEntry;
import dev.kiln.stages.autograd.GraphSplit;
import java.util.List;
import java.util.Optional;

/** What the later phases must know of the earlier ones. */
public record Compilation(GraphSplit split, ArtifactKeys keys) {

    /** Stores the AOTAutograd entry, if it is for the phases to do so; false if that fails. */
    public boolean storeEntry(CompiledGraph graph, AotAutogradCache cache) {
        return keys.aot().isEmpty() || cache.put(aotEntry(graph), keys.aot().get());
    }

    /** The AOTAutograd entry of an inference graph that has been compiled. */
    private AotEntry aotEntry(CompiledGraph graph) {
        List<String> symbols = graph.signature().symbols().stream().map(s -> s.name()).toList();
        CacheKey key = keys.aot().orElseThrow().key();
        return new AotEntry(key, graph.key(), Optional.empty(), split.inputs(), split.outputs(), symbols,
            graph.signature().guards(), new AotEntry.Wrappers(0, List.of(), true, false), false,
            graph.history().compileNanos());
    }
}
