package dev.kiln;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.autograd.PartitionOptions;
import java.util.Optional;

/**
 * What a user may choose about a function that is traced and compiled.
 *
 * @param compile target, threads, tuning, precision
 * @param partition what is saved for the backward graph
 * @param lazyBackward compile the backward graph when a gradient is asked for the first time, not ahead of that
 * @param backend what runs the graphs
 * @param dynamic which sizes stay open
 * @param autocast dtype that products compute in, as {@code torch.autocast}; empty for that of their operands
 */
public record FunctionOptions(CompileOptions compile, PartitionOptions partition, boolean lazyBackward, Backend backend,
        Dynamic dynamic, Optional<DType> autocast) {

    /** What runs the graphs. */
    public enum Backend {
        /** Native code. */
        KILN,
        /** The reference interpreter on the traced and split graphs: slow, for comparison. */
        AOT_EAGER
    }

    /** Which sizes of inputs are symbols. */
    public enum Dynamic {
        /** Those that a second call gives another value, from then on. */
        AUTOMATIC,
        /** None: each set of sizes is compiled of its own. */
        NEVER,
        /** All but those of 0 and 1. */
        ALWAYS
    }

    public static FunctionOptions defaults() {
        return new FunctionOptions(CompileOptions.defaults(), PartitionOptions.defaults(), false, Backend.KILN,
            Dynamic.AUTOMATIC, Optional.empty());
    }

    public FunctionOptions withCompile(CompileOptions options) {
        return new FunctionOptions(options, partition, lazyBackward, backend, dynamic, autocast);
    }

    public FunctionOptions withThreads(int count) {
        return withCompile(compile.withThreads(count));
    }

    public FunctionOptions withPartition(PartitionOptions options) {
        return new FunctionOptions(compile, options, lazyBackward, backend, dynamic, autocast);
    }

    /** {@code activation_memory_budget}: from 0, save inputs only, to 1, save what is dear to compute again. */
    public FunctionOptions withActivationMemoryBudget(double budget) {
        return withPartition(partition.withActivationMemoryBudget(budget));
    }

    public FunctionOptions withLazyBackward(boolean lazy) {
        return new FunctionOptions(compile, partition, lazy, backend, dynamic, autocast);
    }

    public FunctionOptions withBackend(Backend other) {
        return new FunctionOptions(compile, partition, lazyBackward, other, dynamic, autocast);
    }

    public FunctionOptions withDynamic(Dynamic which) {
        return new FunctionOptions(compile, partition, lazyBackward, backend, which, autocast);
    }

    /**
     * Mixed precision: products and convolutions compute in bf16 or f16, parameters and what needs it stay f32.
     *
     * @throws KilnException.BadInput for another dtype
     */
    public FunctionOptions withAutocast(DType dtype) {
        if (dtype != DType.BF16 && dtype != DType.F16) {
            throw new KilnException.BadInput("autocast computes in bf16 or f16, not " + dtype);
        }
        return new FunctionOptions(compile, partition, lazyBackward, backend, dynamic, Optional.of(dtype));
    }
}
