package dev.kiln.stages.quantization;

import dev.kiln.ops.DType;
import dev.kiln.ops.Float8;
import dev.kiln.ops.graph.ConstantValue;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** Constants of floats of 8 bits as bf16, which has all of them. */
public final class Float8Widening {
    private Float8Widening() {
    }

    public static ConstantValue of(ConstantValue narrow) {
        ConstantValue codes = ConstantValue.allocate(DType.BF16, List.of(256L));
        for (int code = 0; code < 256; code++) {
            codes.set(code, (double) Float8.decode((byte) code, narrow.dtype()));
        }
        short[] table = codes.data().toArray(ValueLayout.JAVA_SHORT_UNALIGNED);
        ConstantValue wide = ConstantValue.allocate(DType.BF16, narrow.sizes());
        for (long i = 0; i < wide.numel(); i++) {
            short value = table[narrow.data().get(ValueLayout.JAVA_BYTE, i) & 0xff];
            wide.data().set(ValueLayout.JAVA_SHORT_UNALIGNED, 2 * i, value);
        }
        return wide;
    }
}
