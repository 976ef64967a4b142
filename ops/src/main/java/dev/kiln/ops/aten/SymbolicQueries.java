package dev.kiln.ops.aten;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.shape.SymInt;
import java.util.Set;

/**
 * Questions about a tensor's metadata, by PyTorch's names ({@code aten.sym_size.int}). They are no calls in a
 * graph: whoever builds one asks here, and writes the answer where the query's result is used.
 */
public final class SymbolicQueries {
    private static final String CONTIGUOUS = "aten.sym_is_contiguous.default";
    private static final Set<String> NAMES = Set.of("aten.sym_size.int", "aten.sym_stride.int",
        "aten.sym_numel.default", "aten.sym_storage_offset.default", CONTIGUOUS);

    private SymbolicQueries() {
    }

    public static boolean isQuery(String overload) {
        return NAMES.contains(overload);
    }

    /** Whether the query's answer is a truth value (given as 1 or 0) and not a size. */
    public static boolean isTruth(String overload) {
        return overload.equals(CONTIGUOUS);
    }

    /**
     * What a query gives.
     *
     * @param dim the dimension of {@code sym_size} and {@code sym_stride}, maybe counted from the end
     */
    public static SymInt answer(String overload, FakeTensor tensor, long dim) {
        return switch (overload) {
            case "aten.sym_size.int" -> tensor.size(wrap(overload, tensor, dim));
            case "aten.sym_stride.int" -> tensor.strides().get(wrap(overload, tensor, dim));
            case "aten.sym_numel.default" -> tensor.numel();
            case "aten.sym_storage_offset.default" -> tensor.offset();
            case CONTIGUOUS -> tensor.isContiguous() ? SymInt.ONE : SymInt.ZERO;
            default -> throw new IllegalArgumentException(overload + " is no query of a tensor's metadata");
        };
    }

    private static int wrap(String overload, FakeTensor tensor, long dim) {
        if (dim < -tensor.rank() || dim >= tensor.rank()) {
            throw new KilnException.BadInput(overload + ": dimension " + dim + " is out of range for rank "
                + tensor.rank());
        }
        return (int) (dim < 0 ? dim + tensor.rank() : dim);
    }
}
