package dev.kiln.stages.lowering;

import dev.kiln.ops.shape.SymInt;
import java.util.List;

/** What a template reads: a strided view of a buffer (strides and offset in elements). */
public record Operand(String buffer, List<SymInt> sizes, List<SymInt> strides, SymInt offset) {
    @Override
    public String toString() {
        return buffer + sizes + " strides=" + strides + (offset.is(0) ? "" : " offset=" + offset);
    }
}
