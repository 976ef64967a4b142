package dev.kiln.bench;

import dev.kiln.kernels.runtime.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Something that runs a model; one instance is one loaded model in one process. */
interface Engine extends AutoCloseable {
    /** Names that {@code --peer} takes, and {@code kiln}. */
    List<String> NAMES = List.of(KilnEngine.NAME, OnnxRuntimeEngine.NAME);

    /**
     * Loads a model; what this takes is the engine's load time.
     *
     * @param threads that one run may use
     * @param options of Kiln's command line, for Kiln alone
     */
    static Engine open(String name, Path model, int threads, List<String> options) {
        return switch (name) {
            case KilnEngine.NAME -> KilnEngine.open(model, threads, options);
            case OnnxRuntimeEngine.NAME -> OnnxRuntimeEngine.open(model, threads);
            default -> throw new IllegalArgumentException("unknown engine " + name);
        };
    }

    /** What the model takes. */
    List<InputSpec> inputs();

    /** How the load went, for the report: numbers and words by name. */
    Map<String, Object> facts();

    /** Hands over the inputs of all following runs. */
    void prepare(Map<String, Tensor> inputs);

    /** One run, from prepared inputs to outputs in memory; the outputs are dropped. */
    void run();

    /** One run whose outputs, by name, stay valid while they are reachable. */
    Map<String, Tensor> outputs();

    @Override
    void close();
}
