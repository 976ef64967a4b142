package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** Numbers of 4 bits, which are kept in 8. */
final class FourBits {
    private FourBits() {
    }

    /** From bytes of two numbers each, the first in the lower half. */
    static ConstantValue unpacked(boolean signed, List<Long> sizes, long numel, MemorySegment packed) {
        ConstantValue value = ConstantValue.allocate(signed ? DType.I8 : DType.U8, sizes);
        for (long i = 0; i < numel; i++) {
            int bits = packed.get(ValueLayout.JAVA_BYTE, i / 2) >> (i % 2 == 0 ? 0 : 4) & 15;
            value.data().set(ValueLayout.JAVA_BYTE, i, (byte) (signed ? (bits ^ 8) - 8 : bits));
        }
        return value;
    }

    /** A number cut to its lowest 4 bits, with or without a sign. */
    static Arg.Ref cut(NodeImport n, Arg.Ref x, boolean signed) {
        Arg.Ref bits = n.call("aten.bitwise_and.Scalar", n.cast(x, DType.I32), 15);
        Arg.Ref value = !signed ? bits
            : n.call("aten.sub.Scalar", n.call("aten.bitwise_xor.Scalar", bits, 8), 8);
        return n.cast(value, signed ? DType.I8 : DType.U8);
    }
}
