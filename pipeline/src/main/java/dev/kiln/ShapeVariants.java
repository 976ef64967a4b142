package dev.kiln;

import dev.kiln.cache.CacheKey;
import dev.kiln.cache.CacheLookup;
import dev.kiln.cache.VariantIndex;
import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.KilnException;
import dev.kiln.stages.CompileRequest;
import dev.kiln.stages.postcompile.ExecutableGraph;
import dev.kiln.stages.postcompile.OutsideGuards;
import dev.kiln.stages.trace.TraceOptions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Variants of a model for sizes that its first artifact does not admit: those in memory, those in the cache, and new
 * ones. A variant is compiled with the sizes at hand as hints, so that every question which a guard answered the other
 * way is answered for them; sizes of 0 are fixed.
 */
final class ShapeVariants implements AutoCloseable {
    private final Kiln kiln;
    private final CompileRequest request;
    private final CacheKey first;
    private final List<CompiledModel> variants = new CopyOnWriteArrayList<>();
    private final Set<String> refused = new HashSet<>();

    ShapeVariants(Kiln kiln, CompileRequest request, CacheKey first) {
        this.kiln = kiln;
        this.request = request;
        this.first = first;
    }

    /**
     * The variant that serves these inputs.
     *
     * @throws OutsideGuards {@code reason} itself, if the model does not admit them either
     */
    CompiledModel forInputs(Map<String, Tensor> inputs, OutsideGuards reason) {
        Optional<CompiledModel> known = inMemory(inputs);
        return known.isPresent() ? known.get() : more(inputs, reason);
    }

    private Optional<CompiledModel> inMemory(Map<String, Tensor> inputs) {
        return variants.stream().filter(v -> v.loaded().executable().accepts(inputs)).findFirst();
    }

    /** One thread at a time: the others may need the same variant. */
    private synchronized CompiledModel more(Map<String, Tensor> inputs, OutsideGuards reason) {
        Optional<CompiledModel> known = inMemory(inputs);
        if (known.isPresent()) {
            return known.get();
        }
        String shapes = shapes(inputs);
        if (refused.contains(shapes)) {
            throw reason;
        }
        CompiledModel variant = stored(inputs).orElseGet(() -> compiled(inputs, shapes, reason));
        variants.add(variant);
        return variant;
    }

    private static String shapes(Map<String, Tensor> inputs) {
        Map<String, String> shapes = new TreeMap<>();
        inputs.forEach((name, tensor) -> shapes.put(name, Arrays.toString(tensor.shape())));
        return shapes.toString();
    }

    private Optional<CompiledModel> stored(Map<String, Tensor> inputs) {
        VariantIndex index = kiln.cache().variants();
        for (CacheKey key : index.of(first)) {
            if (!(kiln.cache().artifacts().lookup(key) instanceof CacheLookup.Hit hit)) {
                index.remove(first, key);
            } else if (ExecutableGraph.accepts(hit.graph(), inputs)) {
                return Optional.of(kiln.load(hit.graph(), request));
            }
        }
        return Optional.empty();
    }

    private CompiledModel compiled(Map<String, Tensor> inputs, String shapes, OutsideGuards reason) {
        CompiledModel variant;
        try {
            variant = kiln.compileBlocking(new CompileRequest(request.model(), traceOf(inputs), request.options()));
        } catch (KilnException.BadInput e) {
            refused.add(shapes);
            reason.addSuppressed(e);
            throw reason;
        }
        if (!variant.loaded().executable().accepts(inputs)) {
            variant.close();
            refused.add(shapes);
            throw reason;
        }
        kiln.cache().variants().put(first, variant.info().key());
        return variant;
    }

    private TraceOptions traceOf(Map<String, Tensor> inputs) {
        TraceOptions trace = request.trace();
        for (Map.Entry<String, Tensor> input : inputs.entrySet()) {
            long[] shape = input.getValue().shape();
            List<Long> pinned = new ArrayList<>(trace.pins().getOrDefault(input.getKey(), List.of()));
            long[] pins = new long[shape.length];
            for (int d = 0; d < shape.length; d++) {
                pins[d] = d < pinned.size() && pinned.get(d) >= 0 ? pinned.get(d) : shape[d] == 0 ? 0 : -1;
            }
            if (Arrays.stream(pins).anyMatch(p -> p >= 0)) {
                trace = trace.withPin(input.getKey(), pins);
            }
            trace = trace.withHint(input.getKey(), shape);
        }
        return trace;
    }

    /** How each variant in memory came to be ready. */
    List<CompileInfo> infos() {
        return variants.stream().map(CompiledModel::info).toList();
    }

    @Override
    public void close() {
        variants.forEach(CompiledModel::close);
    }
}
