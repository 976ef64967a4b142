package dev.kiln.pipeline.eager;

import dev.kiln.cache.CacheKey;
import dev.kiln.cache.EagerIndex;
import dev.kiln.ops.metadata.ParameterMetadata;
import dev.kiln.pipeline.LoadedModel;
import dev.kiln.stages.eager.EagerCall;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The kernels of one op by the metadata of its parameters. A call takes the kernel of its own vector, else the first
 * dynamic one that accepts it, else one is compiled.
 */
final class OpKernels {
    private final EagerCompiler compiler;
    private final CacheKey op;
    private final Map<List<ParameterMetadata>, Slot> exact = new ConcurrentHashMap<>();
    private final List<Slot> dynamic = new CopyOnWriteArrayList<>();

    OpKernels(EagerCompiler compiler, String overload) {
        this.compiler = compiler;
        this.op = compiler.opKey(overload);
        compiler.stored(op).forEach(entry -> decoded(entry).ifPresent(metadata -> slot(metadata).stored(entry)));
    }

    /** Entries of another version of the encoding are as good as none. */
    private static Optional<List<ParameterMetadata>> decoded(EagerIndex.Entry entry) {
        try {
            return Optional.of(ParameterMetadata.decode(entry.parameters()));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** The kernel for a call; compiled if there is none. Callers who need the same wait for each other. */
    LoadedModel find(EagerArguments.Given given, boolean symbolic) {
        List<ParameterMetadata> metadata = given.call().metadata();
        Slot own = exact.get(metadata);
        if (own != null) {
            return own.model(compiler, op, given.call(), given.call());
        }
        Optional<LoadedModel> general = general(given, metadata);
        if (general.isPresent()) {
            return general.get();
        }
        EagerCall wanted = symbolic ? given.call().dynamic() : given.call();
        LoadedModel model = slot(wanted.metadata()).model(compiler, op, wanted, given.call());
        return !symbolic || model.executable().accepts(given.inputs()) ? model
            : slot(metadata).model(compiler, op, given.call(), given.call());
    }

    private Optional<LoadedModel> general(EagerArguments.Given given, List<ParameterMetadata> metadata) {
        for (Slot slot : dynamic) {
            if (ParameterMetadata.accepts(slot.metadata(), metadata)) {
                Optional<LoadedModel> model = slot.ready(compiler, op);
                if (model.isPresent() && model.get().executable().accepts(given.inputs())) {
                    return model;
                }
            }
        }
        return Optional.empty();
    }

    private Slot slot(List<ParameterMetadata> metadata) {
        return exact.computeIfAbsent(metadata, m -> {
            Slot slot = new Slot(m);
            if (slot.isDynamic()) {
                dynamic.add(slot);
            }
            return slot;
        });
    }
}
