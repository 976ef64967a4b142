package dev.kiln.pipeline.eager;

import dev.kiln.cache.CacheKey;
import dev.kiln.cache.EagerIndex;
import dev.kiln.ops.metadata.ParameterMetadata;
import dev.kiln.ops.metadata.ParameterValue;
import dev.kiln.ops.metadata.TensorMetadata;
import dev.kiln.pipeline.LoadedModel;
import dev.kiln.stages.eager.EagerCall;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The place of one kernel: empty, known to the cache, or loaded. A failed compile leaves it empty. */
final class Slot {
    private final List<ParameterMetadata> metadata;
    private final boolean isDynamic;
    private EagerIndex.Entry stored;
    private LoadedModel model;

    Slot(List<ParameterMetadata> metadata) {
        this.metadata = metadata;
        this.isDynamic = metadata.stream().flatMap(m -> tensors(m.value())).anyMatch(TensorMetadata::isDynamic);
    }

    private static Stream<TensorMetadata> tensors(ParameterValue value) {
        return switch (value) {
            case ParameterValue.OfTensor(TensorMetadata tensor) -> Stream.of(tensor);
            case ParameterValue.OfTensorList(List<TensorMetadata> list) -> list.stream();
            case ParameterValue.OfOptionalTensorList(List<Optional<TensorMetadata>> list) ->
                list.stream().flatMap(Optional::stream);
            default -> Stream.empty();
        };
    }

    List<ParameterMetadata> metadata() {
        return metadata;
    }

    boolean isDynamic() {
        return isDynamic;
    }

    synchronized void stored(EagerIndex.Entry entry) {
        stored = entry;
    }

    /**
     * The kernel, made ready by the first caller while the others wait.
     *
     * @param wanted what to compile if the cache does not have it
     * @param now the call as it is, for the sizes that tuning assumes
     */
    synchronized LoadedModel model(EagerCompiler compiler, CacheKey op, EagerCall wanted, EagerCall now) {
        if (ready(compiler, op).isEmpty()) {
            model = compiler.compile(op, metadata, wanted, now);
        }
        return model;
    }

    /** The kernel if it need not be compiled. Waits for a compile that is under way. */
    synchronized Optional<LoadedModel> ready(EagerCompiler compiler, CacheKey op) {
        if (model == null && stored != null) {
            model = compiler.load(op, stored).orElse(null);
            stored = null;
        }
        return Optional.ofNullable(model);
    }
}
