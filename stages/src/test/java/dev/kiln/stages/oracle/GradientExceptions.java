package dev.kiln.stages.oracle;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import java.util.Optional;

/** Cases in which libtorch's gradients are no standard; finite differences judge those. */
final class GradientExceptions {
    private static final int STABLE = 16;
    /** Position of {@code scale_grad_by_freq}. */
    private static final int SCALED = 4;

    private GradientExceptions() {
    }

    /** Why. */
    static Optional<String> find(GradientCase sample) {
        return switch (sample.sample().op().packet()) {
            case "as_strided_scatter" -> Optional.of("passes the gradient where the tensor was overwritten, and not elsewhere");
            case "polar" -> Optional.of("takes lengths to be positive");
            case "embedding_dense_backward" -> sample.sample().args().get(SCALED).equals(new Arg.Bool(true))
                ? Optional.of("does not divide by how often a row is read") : Optional.empty();
            case "ldexp" -> sample.tensors().values().stream().anyMatch(v -> v.dtype() == DType.I32)
                ? Optional.of("rounds negative powers of 2 to 0") : Optional.empty();
            case "sort", "msort", "topk", "kthvalue", "median", "nanmedian" ->
                sample.coarse() && sample.tensors().values().stream().flatMap(v -> v.sizes().stream())
                    .anyMatch(n -> n > STABLE) ? Optional.of("moves equal elements past each other") : Optional.empty();
            default -> Optional.empty();
        };
    }
}
