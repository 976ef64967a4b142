package dev.kiln.bench;

import dev.kiln.CompiledModel;
import dev.kiln.Kiln;
import dev.kiln.cache.CompiledGraph.TensorSpec;
import dev.kiln.cli.CommonOptions;
import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.stages.CompileRequest;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;

/** Kiln through its public API, with the cache that the environment names. */
final class KilnEngine implements Engine {
    static final String NAME = "kiln";

    private final Kiln kiln;
    private final CompiledModel model;
    private final double loadMillis;
    private Map<String, Tensor> inputs = Map.of();

    private KilnEngine(Kiln kiln, CompiledModel model, double loadMillis) {
        this.kiln = kiln;
        this.model = model;
        this.loadMillis = loadMillis;
    }

    /** The load time is that of the compile, or of the look-up in the cache. */
    static KilnEngine open(Path file, int threads, List<String> options) {
        long start = System.nanoTime();
        Kiln kiln = Kiln.open();
        CommonOptions given = new CommonOptions();
        new CommandLine(given).parseArgs(options.toArray(String[]::new));
        CompileRequest request = given.request(file);
        CompiledModel model = kiln.compileBlocking(new CompileRequest(file, request.trace(),
                request.options().withThreads(threads)));
        return new KilnEngine(kiln, model, (System.nanoTime() - start) / 1e6);
    }

    @Override
    public List<InputSpec> inputs() {
        return model.inputs().stream().map(KilnEngine::spec).toList();
    }

    static InputSpec spec(TensorSpec spec) {
        DType dtype = DType.parse(spec.dtype())
                .orElseThrow(() -> new KilnException("input '" + spec.name() + "' has unknown type "
                        + spec.dtype()));
        return new InputSpec(spec.name(), dtype, spec.sizes());
    }

    @Override
    public Map<String, Object> facts() {
        return Map.of("load_ms", loadMillis, "cache", model.info().cacheHit() ? "hit" : "miss");
    }

    @Override
    public void prepare(Map<String, Tensor> tensors) {
        inputs = tensors;
    }

    @Override
    public void run() {
        model.run(inputs);
    }

    @Override
    public Map<String, Tensor> outputs() {
        return model.run(inputs);
    }

    @Override
    public void close() {
        model.close();
        kiln.close();
    }
}
