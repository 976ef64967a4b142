package dev.kiln.pipeline.eager;

import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.schema.OpOverload;
import dev.kiln.ops.schema.OpTable;
import dev.kiln.pipeline.LoadedModel;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** All kernels of ops that were called on their own, by op; in memory, and behind that in the cache. */
public final class EagerKernels {
    private final EagerCompiler compiler;
    private final Map<String, OpKernels> ops = new ConcurrentHashMap<>();

    public EagerKernels(EagerCompiler compiler) {
        this.compiler = compiler;
    }

    /** Calls an op; see {@link dev.kiln.EagerOps#call}. */
    public List<Tensor> call(String overload, Object[] args, boolean dynamic) {
        OpOverload op = OpTable.get(overload);
        EagerArguments.Given given = EagerArguments.of(op, args, dynamic);
        OpKernels kernels = ops.computeIfAbsent(overload, name -> new OpKernels(compiler, name));
        while (true) {
            LoadedModel model = kernels.find(given, dynamic);
            if (model.retain()) {
                try {
                    return List.copyOf(model.executable().run(given.inputs()).values());
                } finally {
                    model.release();
                }
            }
        }
    }

    public long compiles() {
        return compiler.compiles();
    }

    public long loads() {
        return compiler.loads();
    }
}
