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
            case LowPrecisionProducts.INT_MM -> product(c, DType.I32);
            case LowPrecisionProducts.MM_DTYPE -> as(product(c, DType.F32), c.result().dtype());
            case LowPrecisionProducts.INT8_WEIGHT -> int8Weight(c);
            case LowPrecisionProducts.INT4_WEIGHT -> int4Weight(c);
            default -> throw new IllegalStateException("not a product of narrow operands: " + c.op());
        };
    }

    private static Value int8Weight(CallLowering c) {
        Value.Strided weight = c.realized(1);
        Value.Strided turned = weight.view(weight.sizes().reversed(), weight.strides().reversed(), weight.offset());
        Value sum = PackedProduct.lower(c, c.realized(0), turned).map(Value.class::cast)
            .orElseGet(() -> widened(c, c.value(0), turned, DType.F32));
        Value scales = as(c.value(2), DType.F32);
        Value scaled = new Value.Computed(DType.F32, sum.sizes(),
            i -> Scalar.of(ScalarOp.MUL, sum.load(i), scales.load(List.of(i.getLast()))));
        return as(scaled, c.result().dtype());
    }

    private static Value int4Weight(CallLowering c) {
        Value x = c.value(0);
        Value.Strided rows = (Value.Strided) ViewLowering.reshape(c, c.realized(0),
            List.of(SymInt.product(x.sizes().subList(0, x.rank() - 1)), x.sizes().getLast()));
        Value sums = PackedProduct.lowerGrouped(c, rows, c.realized(1), Math.toIntExact(c.args().integer(2)), c.realized(3))
            .map(Value.class::cast).orElseGet(() -> widened(c, rows, int4Numbers(c), DType.F32));
        return as(ViewLowering.reshape(c, sums, c.result().sizes()), c.result().dtype());
    }

    /** The weight as real numbers [K, N]. */
    private static Value int4Numbers(CallLowering c) {
        Value packed = c.value(1);
        Value parameters = as(c.value(3), DType.F32);
        SymInt group = SymInt.of(c.args().integer(2));
        SymInt depth = packed.sizes().get(1).times(2);
        SymInt columns = packed.sizes().get(0);
        return new Value.Computed(DType.F32, List.of(depth, columns), i -> {
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
    }

    private static Value product(CallLowering c, DType sums) {
        return PackedProduct.lower(c, c.realized(0), c.realized(1)).map(Value.class::cast)
            .orElseGet(() -> widened(c, c.value(0), c.value(1), sums));
    }

    /** [M, K] times [K, N], both in the dtype of the sums. */
    private static Value widened(CallLowering c, Value left, Value right, DType sums) {
        Value.Strided a = ContractionLowering.batchOfOne(c.realize(as(left, sums)));
        Value.Strided b = ContractionLowering.batchOfOne(c.realize(as(right, sums)));
        List<SymInt> sizes = List.of(left.sizes().get(0), right.sizes().get(1));
        Buffer output = c.lowering().allocate(c.call().name(), sums, List.of(SymInt.ONE, sizes.get(0), sizes.get(1)));
        c.lowering().add(new LoopNode.BatchedMatmul(output, a.operand(), b.operand(), List.copyOf(c.origins())));
        return ViewLowering.reshape(c, GraphLowering.whole(output), sizes);
    }

    private static Value as(Value value, DType dtype) {
        return ContractionLowering.as(value, dtype);
    }
}
