package dev.kiln.stages.lowering;

import dev.kiln.ops.DType;
import dev.kiln.ops.aten.LowPrecisionProducts;
import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.scalar.ScalarOp;
import dev.kiln.ops.shape.SymInt;
import java.util.List;

/** Products of narrow operands as products of the numbers that they stand for, in the type of the sum. */
final class LowPrecisionLowering {
    private LowPrecisionLowering() {
    }

    static Value lower(CallLowering c) {
        return switch (c.op()) {
            case LowPrecisionProducts.INT_MM -> product(c, as(c.value(0), DType.I32), as(c.value(1), DType.I32));
            case LowPrecisionProducts.MM_DTYPE ->
                as(product(c, as(c.value(0), DType.F32), as(c.value(1), DType.F32)), c.result().dtype());
            case LowPrecisionProducts.INT8_WEIGHT -> int8Weight(c);
            case LowPrecisionProducts.INT4_WEIGHT -> int4Weight(c);
            default -> throw new IllegalStateException("not a product of narrow operands: " + c.op());
        };
    }

    private static Value int8Weight(CallLowering c) {
        Value weight = as(c.value(1), DType.F32);
        Value turned = new Value.Computed(DType.F32, weight.sizes().reversed(), i -> weight.load(i.reversed()));
        Value sum = product(c, as(c.value(0), DType.F32), turned);
        Value scales = as(c.value(2), DType.F32);
        Value scaled = new Value.Computed(DType.F32, sum.sizes(),
            i -> Scalar.of(ScalarOp.MUL, sum.load(i), scales.load(List.of(i.getLast()))));
        return as(scaled, c.result().dtype());
    }

    /** The weight as real numbers [K, N], then an ordinary product. */
    private static Value int4Weight(CallLowering c) {
        Value packed = c.value(1);
        Value parameters = as(c.value(3), DType.F32);
        SymInt group = SymInt.of(c.args().integer(2));
        SymInt depth = packed.sizes().get(1).times(2);
        SymInt columns = packed.sizes().get(0);
        Value weight = new Value.Computed(DType.F32, List.of(depth, columns), i -> {
            SymInt k = i.get(0);
            Scalar both = packed.load(List.of(i.get(1), k.floorDiv(SymInt.of(2)))).cast(DType.I32);
            Scalar shift = new Scalar.Index(k.mod(SymInt.of(2)).times(4)).cast(DType.I32);
            Scalar bits = Scalar.of(ScalarOp.BIT_AND, Scalar.of(ScalarOp.SHIFT_RIGHT, both, shift),
                Scalar.literal(15, DType.I32));
            Scalar q = Scalar.of(ScalarOp.SUB, bits, Scalar.literal(LowPrecisionProducts.INT4_MIDDLE, DType.I32))
                .cast(DType.F32);
            List<SymInt> scale = List.of(k.floorDiv(group), i.get(1), SymInt.ZERO);
            List<SymInt> zero = List.of(k.floorDiv(group), i.get(1), SymInt.ONE);
            return Scalar.of(ScalarOp.ADD, Scalar.of(ScalarOp.MUL, q, parameters.load(scale)), parameters.load(zero));
        });
        Value x = c.value(0);
        Value.Strided rows = (Value.Strided) ViewLowering.reshape(c, c.realize(as(x, DType.F32)),
            List.of(SymInt.product(x.sizes().subList(0, x.rank() - 1)), depth));
        return as(ViewLowering.reshape(c, product(c, rows, weight), c.result().sizes()), c.result().dtype());
    }

    /** [M, K] times [K, N]. */
    private static Value product(CallLowering c, Value left, Value right) {
        Value.Strided a = ContractionLowering.batchOfOne(c.realize(left));
        Value.Strided b = ContractionLowering.batchOfOne(c.realize(right));
        List<SymInt> sizes = List.of(left.sizes().get(0), right.sizes().get(1));
        Buffer output = c.lowering().allocate(c.call().name(), left.dtype(), List.of(SymInt.ONE, sizes.get(0), sizes.get(1)));
        c.lowering().add(new LoopNode.BatchedMatmul(output, a.operand(), b.operand(), List.copyOf(c.origins())));
        return ViewLowering.reshape(c, GraphLowering.whole(output), sizes);
    }

    private static Value as(Value value, DType dtype) {
        return value.dtype() == dtype ? value
            : new Value.Computed(dtype, value.sizes(), i -> value.load(i).cast(dtype));
    }
}
