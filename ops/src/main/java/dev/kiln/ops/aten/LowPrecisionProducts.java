package dev.kiln.ops.aten;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.schema.OpKind;
import dev.kiln.ops.schema.OpTable.Registry;
import dev.kiln.ops.schema.ShapeFunction;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Matrix products of narrow operands that are summed in something wider. */
public final class LowPrecisionProducts {
    /** [M, K] times [K, N], each u8 or i8, summed in i32 (which wraps around). */
    public static final String INT_MM = "aten._int_mm.default";
    /** Half precisions, multiplied and summed in f32, to f32. */
    public static final String MM_DTYPE = "aten.mm.dtype";
    /** x [M, K] times the transpose of an i8 weight [N, K], each column times its scale. */
    public static final String INT8_WEIGHT = "aten._weight_int8pack_mm.default";
    /**
     * x [.., K] times the transpose of a weight [N, K] of 4 bits. A byte holds two neighbours along K, the first in its
     * low half; a weight is {@code (q - 8) * scale + zero}, with a scale and a zero [K / group, N, 2] of its group.
     */
    public static final String INT4_WEIGHT = "kiln.linear_int4.default";
    /** What is taken off the 4 bits of a weight. */
    public static final int INT4_MIDDLE = 8;

    private static final Set<Long> GROUPS = Set.of(32L, 64L, 128L);

    private LowPrecisionProducts() {
    }

    static void register(Registry r) {
        r.op("_int_mm.default(Tensor self, Tensor mat2) -> Tensor", OpKind.CONTRACTION,
            ShapeFunction.single(LowPrecisionProducts::integers));
        r.op("mm.dtype(Tensor self, Tensor mat2, ScalarType out_dtype) -> Tensor", OpKind.CONTRACTION,
            ShapeFunction.single(LowPrecisionProducts::widened));
        r.op("_weight_int8pack_mm.default(Tensor self, Tensor mat2, Tensor scales) -> Tensor", OpKind.CONTRACTION,
            ShapeFunction.single(LowPrecisionProducts::int8Weight));
        r.internal("linear_int4.default(Tensor self, Tensor weight, int group, Tensor scales_and_zeros) -> Tensor",
            OpKind.CONTRACTION, ShapeFunction.single(LowPrecisionProducts::int4Weight));
    }

    private static FakeTensor integers(OpArgs a) {
        if (!isByte(a.tensor(0)) || !isByte(a.tensor(1))) {
            throw a.error("operands of u8 or i8 expected, got " + a.tensor(0) + " and " + a.tensor(1));
        }
        return product(a, DType.I32);
    }

    private static boolean isByte(FakeTensor x) {
        return x.dtype() == DType.I8 || x.dtype() == DType.U8;
    }

    private static FakeTensor widened(OpArgs a) {
        DType dtype = a.tensor(0).dtype();
        DType out = a.dtype(2).orElseThrow();
        if (dtype != a.tensor(1).dtype() || dtype != DType.BF16 && dtype != DType.F16 || out != DType.F32 && out != dtype) {
            throw a.error("two operands of bf16 or f16 and a result in f32 or the same expected, got " + a.tensor(0)
                + " and " + a.tensor(1) + " to " + out);
        }
        return product(a, out);
    }

    private static FakeTensor product(OpArgs a, DType out) {
        require(a, a.tensor(0).rank() == 2 && a.tensor(1).rank() == 2, "two matrices");
        a.shapes().require(a.tensor(0).size(1), a.tensor(1).size(0), a.schema().name() + ", inner dimension");
        return FakeTensor.contiguous(out, List.of(a.tensor(0).size(0), a.tensor(1).size(1)));
    }

    private static FakeTensor int8Weight(OpArgs a) {
        FakeTensor weight = a.tensor(1);
        FakeTensor scales = a.tensor(2);
        require(a, isReal(a.tensor(0)) && a.tensor(0).rank() == 2, "a matrix of f32, bf16 or f16");
        require(a, weight.dtype() == DType.I8 && weight.rank() == 2, "a weight [N, K] of i8");
        require(a, isReal(scales) && scales.rank() == 1, "a vector of scales");
        a.shapes().require(a.tensor(0).size(1), weight.size(1), a.schema().name() + ", inner dimension");
        a.shapes().require(scales.size(0), weight.size(0), a.schema().name() + ", scales");
        return FakeTensor.contiguous(a.tensor(0).dtype(), List.of(a.tensor(0).size(0), weight.size(0)));
    }

    private static FakeTensor int4Weight(OpArgs a) {
        FakeTensor x = a.tensor(0);
        FakeTensor weight = a.tensor(1);
        FakeTensor scales = a.tensor(3);
        long group = a.integer(2);
        require(a, isReal(x) && x.rank() >= 1, "rows of f32, bf16 or f16");
        require(a, weight.dtype() == DType.U8 && weight.rank() == 2, "a weight [N, K / 2] of u8");
        require(a, isReal(scales) && scales.rank() == 3, "scales and zeros [K / group, N, 2]");
        require(a, GROUPS.contains(group), "a group of 32, 64 or 128");
        SymInt depth = x.sizes().getLast();
        a.shapes().require(depth, weight.size(1).times(2), a.schema().name() + ", inner dimension");
        a.shapes().require(depth, scales.size(0).times(group), a.schema().name() + ", groups");
        a.shapes().require(scales.size(1), weight.size(0), a.schema().name() + ", scales");
        a.shapes().require(scales.size(2), SymInt.of(2), a.schema().name() + ", scale and zero");
        List<SymInt> sizes = new ArrayList<>(x.sizes());
        sizes.set(sizes.size() - 1, weight.size(0));
        return FakeTensor.contiguous(x.dtype(), sizes);
    }

    private static boolean isReal(FakeTensor x) {
        return x.dtype() == DType.F32 || x.dtype() == DType.BF16 || x.dtype() == DType.F16;
    }

    private static void require(OpArgs a, boolean holds, String expected) {
        if (!holds) {
            throw a.error(expected + " expected, got " + a.values().stream()
                .flatMap(v -> v.references().stream()).map(a.tensors()).toList());
        }
    }
}
