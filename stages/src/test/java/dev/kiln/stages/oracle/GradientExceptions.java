package dev.kiln.stages.oracle;

import dev.kiln.ops.DType;
import java.util.Optional;

/** Cases in which libtorch's gradients are no standard; finite differences judge those. */
final class GradientExceptions {
    private static final int STABLE = 16;

    private GradientExceptions() {
    }

    /** Why. */
    static Optional<String> find(GradientCase sample) {
        return switch (sample.sample().op().packet()) {
            case "as_strided_scatter" -> Optional.of("passes the gradient where the tensor was overwritten, and not elsewhere");
            case "polar" -> Optional.of("takes lengths to be positive");
            case "ldexp" -> sample.tensors().values().stream().anyMatch(v -> v.dtype() == DType.I32)
                ? Optional.of("rounds negative powers of 2 to 0") : Optional.empty();
            case "sort", "msort", "topk", "kthvalue", "median", "nanmedian" ->
                sample.coarse() && sample.tensors().values().stream().flatMap(v -> v.sizes().stream())
                    .anyMatch(n -> n > STABLE) ? Optional.of("moves equal elements past each other") : Optional.empty();
            default -> Optional.empty();
        };
    }
}
