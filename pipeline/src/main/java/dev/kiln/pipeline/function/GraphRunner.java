package dev.kiln.pipeline.function;

import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.stages.postcompile.OutputMemory;
import java.util.List;
import java.util.Map;

/** A graph that can be run: compiled, or by the reference interpreter. */
interface GraphRunner extends AutoCloseable {

    /** @return one tensor an output, in the graph's order */
    List<Tensor> run(Map<String, Tensor> inputs, OutputMemory memory);

    /** Names of the inputs, in order. */
    List<String> inputs();

    /** Names of the outputs, in order. */
    List<String> outputs();

    /** Whether it takes these inputs, as far as dtypes and sizes tell. */
    boolean accepts(Map<String, Tensor> inputs);

    /** Whether an output may lie in the memory of the input that it replaces. */
    boolean writesLate(int output);

    /** Bytes of a workspace that inputs or outputs lie in; 0 if there is none or it is known only at a call. */
    default long fixedWorkspace() {
        return 0;
    }

    @Override
    void close();
}
