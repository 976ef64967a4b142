package dev.kiln;

import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.pipeline.eager.EagerKernels;
import java.util.List;

/**
 * Single ATen ops, called as in PyTorch's eager mode. What an op compiles to is kept in memory and in the cache, found by
 * the metadata of its parameters: dtypes, sizes and strides of tensors, values of everything else. Safe for many threads;
 * callers that need the same kernel wait for one compile. Obtained from {@link Kiln#eager()}.
 *
 * <pre>{@code
 * Tensor y = kiln.eager().call("aten.add.Tensor", a, b);
 * Tensor z = kiln.eager().dynamic().call("aten.softmax.int", y, -1);
 * }</pre>
 */
public final class EagerOps {
    private final EagerKernels kernels;
    private final boolean dynamic;

    EagerOps(EagerKernels kernels, boolean dynamic) {
        this.kernels = kernels;
        this.dynamic = dynamic;
    }

    /**
     * The same ops, compiled for every size of at least 2: a call with other sizes, but the same ranks and dtypes, needs
     * no compile as long as no dimension turns to 0 or 1, and the op's own conditions hold.
     */
    public EagerOps dynamic() {
        return new EagerOps(kernels, true);
    }

    /**
     * Calls an op with one result.
     *
     * @param overload full name, for example {@code aten.add.Tensor}
     * @param args in the order of the op's schema; those that are left out at the end, and null where none is not
     *     allowed, take the schema's defaults. {@link Tensor}s, numbers, booleans, strings,
     *     {@link dev.kiln.ops.DType}s, {@code long[]}, and lists of tensors (null for an absent one), numbers or booleans
     * @return a new contiguous tensor
     * @throws dev.kiln.ops.KilnException.BadInput if the op is not known or the arguments do not fit it
     * @throws IllegalArgumentException if the op has several results
     */
    public Tensor call(String overload, Object... args) {
        List<Tensor> results = callAll(overload, args);
        if (results.size() != 1) {
            throw new IllegalArgumentException(overload + " has " + results.size() + " results: use callAll");
        }
        return results.getFirst();
    }

    /** As {@link #call}, for ops with any number of results. */
    public List<Tensor> callAll(String overload, Object... args) {
        return kernels.call(overload, args, dynamic);
    }

    /** Kernels that were compiled so far, by all callers. */
    public long compiles() {
        return kernels.compiles();
    }

    /** Kernels that were found in the cache so far, by all callers. */
    public long loads() {
        return kernels.loads();
    }
}
