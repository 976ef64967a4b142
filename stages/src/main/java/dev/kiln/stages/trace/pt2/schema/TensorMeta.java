package dev.kiln.stages.trace.pt2.schema;

import java.util.List;

/** A tensor's element type (by number), sizes, strides and layout. */
public record TensorMeta(long dtype, List<SizeExpr> sizes, List<SizeExpr> strides, SizeExpr offset, long layout) {
    /** The layout of tensors that are not sparse. */
    public static final long STRIDED = 7;
}
