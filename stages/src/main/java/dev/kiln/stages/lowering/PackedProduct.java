package dev.kiln.stages.lowering;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.lowering.LoopNode.Linear.Right;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;

/** Products for the GEMM, whose right side is packed: a constant while compiling, a tensor at run time. */
final class PackedProduct {
    /** Groups of 4-bit numbers are whole steps of the GEMM. */
    private static final int GROUP_STEP = 32;
    /** Rows from which packing a tensor costs little beside the product, and columns and depth that are worth panels. */
    private static final long ENOUGH_ROWS = 16;
    private static final long ENOUGH_COLUMNS = 8;
    private static final long ENOUGH_PRODUCTS = 1 << 15;
    /** Panels have a register block's columns, each of which divides one of these, and whole steps of numbers along k. */
    private static final long[] WIDEST = {48, 64};
    private static final long MOST_STEP = 32;
    /** Bytes of panels beyond which they are packed in pieces, and how many. */
    private static final long WHOLE = 2 << 20;
    private static final long PIECES = 4;

    private PackedProduct() {
    }

    /** [M, K] times [K, N], or empty if no GEMM takes such operands. */
    static Optional<Value.Strided> lower(CallLowering c, Value.Strided left, Value.Strided right) {
        Optional<DType> sums = sums(left.dtype(), right.dtype());
        if (sums.isEmpty()) {
            return Optional.empty();
        }
        Optional<Boolean> transposed = wholeConstant(c, right);
        if (transposed.isPresent()) {
            Right weight = new Right(right.operand(), transposed.get(), Optional.empty());
            return Optional.of(linear(c, byRows(c, left), weight, sums.get(), Optional.empty()));
        }
        return isWorthPacking(c, left, right) ? Optional.of(linear(c, byRowsOrColumns(c, left), packed(c, right), sums.get(),
            Optional.empty())) : Optional.empty();
    }

    /** [M, K] times a constant of 4-bit numbers [N, K / 2] with constant parameters [K / size, N, 2]. */
    static Optional<Value.Strided> lowerGrouped(CallLowering c, Value.Strided left, Value.Strided weight, int size,
            Value.Strided parameters) {
        boolean fits = size % GROUP_STEP == 0 && isWhole(c, weight) && isWhole(c, parameters)
            && isFloat(left.dtype()) && isFloat(parameters.dtype());
        if (!fits) {
            return Optional.empty();
        }
        SymInt k = weight.sizes().get(1).times(2);
        Right nibbles = new Right(new Operand(weight.buffer().name(), List.of(k, weight.sizes().get(0)),
            List.of(SymInt.ONE, k), SymInt.ZERO), true, Optional.empty());
        return Optional.of(linear(c, byRows(c, left), nibbles, DType.F32,
            Optional.of(new LoopNode.Linear.Groups(size, parameters.buffer().name()))));
    }

    private static Value.Strided linear(CallLowering c, Value.Strided left, Right right, DType sums,
            Optional<LoopNode.Linear.Groups> groups) {
        SymInt m = left.sizes().getFirst();
        SymInt n = right.operand().sizes().getLast();
        Buffer output = c.lowering().allocate(c.call().name(), sums, List.of(m, n));
        c.lowering().add(new LoopNode.Linear(output, left.operand(), right, m, n.asLong(),
            right.operand().sizes().getFirst().asLong(), groups, List.copyOf(c.origins())));
        return GraphLowering.whole(output);
    }

    private static Value.Strided byRows(CallLowering c, Value.Strided left) {
        Value.Strided rows = left.strides().getLast().is(1) ? left : c.copy(left);
        return rows.sizes().getFirst().is(1)
            ? rows.view(rows.sizes(), List.of(rows.sizes().getLast(), SymInt.ONE), rows.offset()) : rows;
    }

    private static Value.Strided byRowsOrColumns(CallLowering c, Value.Strided left) {
        return left.strides().getFirst().is(1) ? left : byRows(c, left);
    }

    private static boolean isWorthPacking(CallLowering c, Value.Strided left, Value.Strided right) {
        SymInt n = right.sizes().getLast();
        SymInt k = right.sizes().getFirst();
        ShapeEnv shapes = c.lowering().graph().shapes();
        SymInt m = left.sizes().getFirst();
        boolean fixed = n.isConstant() && k.isConstant() && k.asLong() > 0 && isFloat(right.dtype()) && !shapes.isUnbacked(m);
        return fixed && n.asLong() >= ENOUGH_COLUMNS && shapes.hint(m) >= ENOUGH_ROWS
            && shapes.hint(m.times(n).times(k)) >= ENOUGH_PRODUCTS;
    }

    private static Right packed(CallLowering c, Value.Strided right) {
        boolean byColumns = right.strides().getFirst().is(1) && !right.strides().getLast().is(1);
        Value.Strided dense = byColumns || right.strides().getLast().is(1) ? right : c.copy(right);
        long n = dense.sizes().getLast().asLong();
        long columns = LongStream.of(WIDEST).map(w -> Math.ceilDiv(n, w) * w).max().orElseThrow();
        long depth = Math.ceilDiv(dense.sizes().getFirst().asLong(), MOST_STEP) * MOST_STEP;
        if (columns * depth * DType.F32.bytes() > WHOLE) {
            columns = Math.ceilDiv(Math.ceilDiv(columns, PIECES), WIDEST[1]) * WIDEST[1];
        }
        Buffer panels = c.lowering().allocate(c.call().name() + "_panels", DType.F32,
            List.of(SymInt.of(columns), SymInt.of(depth)));
        return new Right(dense.operand(), byColumns, Optional.of(panels));
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
