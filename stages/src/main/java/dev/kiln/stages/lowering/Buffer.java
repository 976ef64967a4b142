package dev.kiln.stages.lowering;

import dev.kiln.ops.DType;
import dev.kiln.ops.shape.SymInt;
import java.util.List;

/**
 * A piece of memory that loop nodes read and write. Inputs may have any strides; all other kinds are contiguous.
 *
 * @param strides in elements
 */
public record Buffer(String name, Kind kind, DType dtype, List<SymInt> sizes, List<SymInt> strides) {

    /** Who owns the memory. */
    public enum Kind { INPUT, CONSTANT, INTERMEDIATE, OUTPUT }

    public SymInt numel() {
        return SymInt.product(sizes);
    }

    public SymInt bytes() {
        return numel().times(dtype.bytes());
    }

    public Buffer as(Kind other) {
        return new Buffer(name, other, dtype, sizes, strides);
    }
}
