package dev.kiln.stages.lowering;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.shape.SymInt;
import java.util.List;
import java.util.Optional;

/** Products with a constant right side, which is packed at compile time. The result has the dtype of the sums. */
final class PackedProduct {
    /** Groups of 4-bit numbers are whole steps of the GEMM. */
    private static final int GROUP_STEP = 32;

    private PackedProduct() {
    }

    /** [M, K] times a constant [K, N], or empty if no GEMM takes such operands. */
    static Optional<Value.Strided> lower(CallLowering c, Value.Strided left, Value.Strided right) {
        Optional<DType> sums = sums(left.dtype(), right.dtype());
        Optional<Boolean> transposed = wholeConstant(c, right);
        if (sums.isEmpty() || transposed.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(linear(c, left, right.buffer().name(), transposed.get(), right.sizes(), sums.get(),
            Optional.empty()));
    }

    /** [M, K] times a constant of 4-bit numbers [N, K / 2] with constant parameters [K / size, N, 2]. */
    static Optional<Value.Strided> lowerGrouped(CallLowering c, Value.Strided left, Value.Strided weight, int size,
            Value.Strided parameters) {
        boolean fits = size % GROUP_STEP == 0 && isWhole(c, weight) && isWhole(c, parameters)
            && isFloat(left.dtype()) && isFloat(parameters.dtype());
        List<SymInt> sizes = List.of(weight.sizes().get(1).times(2), weight.sizes().get(0));
        return fits ? Optional.of(linear(c, left, weight.buffer().name(), true, sizes, DType.F32, Optional.of(
            new LoopNode.Linear.Groups(size, parameters.buffer().name())))) : Optional.empty();
    }

    private static Value.Strided linear(CallLowering c, Value.Strided left, String weight, boolean transposed,
            List<SymInt> sizes, DType sums, Optional<LoopNode.Linear.Groups> groups) {
        Value.Strided rows = left.strides().getLast().is(1) ? left : c.copy(left);
        rows = rows.sizes().getFirst().is(1)
            ? rows.view(rows.sizes(), List.of(rows.sizes().getLast(), SymInt.ONE), rows.offset()) : rows;
        SymInt m = left.sizes().getFirst();
        Buffer output = c.lowering().allocate(c.call().name(), sums, List.of(m, sizes.get(1)));
        c.lowering().add(new LoopNode.Linear(output, rows.operand(), weight, transposed, m,
            sizes.get(1).asLong(), sizes.get(0).asLong(), groups, List.copyOf(c.origins())));
        return GraphLowering.whole(output);
    }

    private static Optional<DType> sums(DType left, DType right) {
        boolean bytes = isByte(left) && isByte(right);
        boolean floats = isFloat(left) && (left == right || right == DType.I8);
        return bytes ? Optional.of(DType.I32) : floats ? Optional.of(DType.F32) : Optional.empty();
    }

    private static boolean isByte(DType dtype) {
        return dtype == DType.I8 || dtype == DType.U8;
    }

    private static boolean isFloat(DType dtype) {
        return dtype == DType.F32 || dtype == DType.F16 || dtype == DType.BF16;
    }

    /** Whether the right side is a whole constant matrix; the answer says whether it lies transposed. */
    private static Optional<Boolean> wholeConstant(CallLowering c, Value.Strided right) {
        List<SymInt> sizes = right.sizes();
        if (isWhole(c, right)) {
            return Optional.of(false);
        }
        Value.Strided turned = right.view(sizes.reversed(), right.strides().reversed(), right.offset());
        return isWhole(c, turned) ? Optional.of(true) : Optional.empty();
    }

    /** Whether it is a constant that lies in memory as it is. */
    private static boolean isWhole(CallLowering c, Value.Strided value) {
        SymInt numel = SymInt.product(value.sizes());
        return c.lowering().constants().containsKey(value.buffer().name()) && value.offset().is(0)
            && numel.isConstant() && numel.asLong() > 0 && value.buffer().numel().equals(numel)
            && value.strides().equals(FakeTensor.contiguousStrides(value.sizes()));
    }
}
