package dev.kiln.pipeline.function;

import dev.kiln.cache.CompiledGraph.TensorSpec;
import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.pipeline.LoadedModel;
import dev.kiln.stages.postcompile.OutputMemory;
import java.util.List;
import java.util.Map;

/** Native code. Takes over one use of its model. */
record CompiledRunner(LoadedModel model) implements GraphRunner {
    @Override
    public List<Tensor> run(Map<String, Tensor> inputs, OutputMemory memory) {
        if (!model.retain()) {
            throw new IllegalStateException("the function is closed");
        }
        try {
            return List.copyOf(model.executable().run(inputs, memory).values());
        } finally {
            model.release();
        }
    }

    @Override
    public List<String> inputs() {
        return model.executable().inputs().stream().map(TensorSpec::name).toList();
    }

    @Override
    public List<String> outputs() {
        return model.executable().outputs().stream().map(TensorSpec::name).toList();
    }

    @Override
    public boolean accepts(Map<String, Tensor> inputs) {
        return model.executable().accepts(inputs);
    }

    @Override
    public boolean writesLate(int output) {
        return model.executable().writesLate(output);
    }

    @Override
    public long fixedWorkspace() {
        return model.executable().fixedWorkspace();
    }

    @Override
    public void close() {
        model.release();
    }
}
