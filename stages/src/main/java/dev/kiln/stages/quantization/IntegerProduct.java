package dev.kiln.stages.quantization;

import dev.kiln.ops.DType;
import dev.kiln.ops.aten.LowPrecisionProducts;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.shape.SymInt;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The product of two matrices of bytes, each less its zero point:
 *
 * <pre>sum (a - za)(b - zb) = sum a b - za colsum(b) - zb rowsum(a) + K za zb</pre>
 *
 * All in i32, which wraps around, so it is exact whatever the order. Bytes are multiplied as they are; the terms of zero
 * points that are known to be 0 are left out.
 */
public final class IntegerProduct {
    private final GraphBuilder g;

    private IntegerProduct(GraphBuilder g) {
        this.g = g;
    }

    /** A matrix of u8 or i8 and its zero point, if it has one. */
    public record Operand(Arg.Ref values, Optional<Arg.Ref> zero) {
    }

    /**
     * @param left [.., K] with a zero point of one element, or one for each of its rows
     * @param right [K, N] with a zero point of one element, or one for each of its columns
     * @return i32 [.., N]
     */
    public static Arg.Ref of(GraphBuilder g, Operand left, Operand right) {
        return new IntegerProduct(g).build(left, right);
    }

    /** Whether {@link #of} takes these: the left is a stack of rows, the right one matrix. */
    public static boolean takes(GraphBuilder g, Arg.Ref left, Arg.Ref right) {
        return g.tensor(left).rank() >= 2 && g.tensor(right).rank() == 2
            && isByte(g.tensor(left).dtype()) && isByte(g.tensor(right).dtype());
    }

    private static boolean isByte(DType dtype) {
        return dtype == DType.I8 || dtype == DType.U8;
    }

    private Arg.Ref build(Operand left, Operand right) {
        List<SymInt> sizes = new ArrayList<>(g.tensor(left.values()).sizes());
        SymInt depth = sizes.removeLast();
        SymInt rows = SymInt.product(sizes);
        Arg.Ref a = view(left.values(), List.of(rows, depth));
        Operand signed = signed(right);
        Arg.Ref b = signed.values();
        Optional<Arg.Ref> za = zero(left.zero(), List.of(rows, SymInt.ONE));
        Optional<Arg.Ref> zb = zero(signed.zero(), List.of(g.tensor(b).size(1)));
        Arg.Ref sum = g.call(LowPrecisionProducts.INT_MM, a, b);
        if (za.isPresent()) {
            sum = g.call("aten.sub.Tensor", sum, g.call("aten.mul.Tensor", za.get(), columnSums(b)));
        }
        if (zb.isPresent()) {
            Arg.Ref rowSums = g.call("aten.sum.dim_IntList", a, Arg.ints(1), true, DType.I32);
            Arg.Ref centered = za.map(z -> g.call("aten.sub.Tensor", rowSums, g.call("aten.mul.Scalar", z, depth)))
                .orElse(rowSums);
            sum = g.call("aten.sub.Tensor", sum, g.call("aten.mul.Tensor", centered, zb.get()));
        }
        sizes.add(g.tensor(b).size(1));
        return view(sum, sizes);
    }

    /** A constant weight of u8 as one of i8, 128 less: what the kernels multiply bytes of activations with. */
    private Operand signed(Operand right) {
        if (g.tensor(right.values()).dtype() != DType.U8
                || !(g.node(right.values()) instanceof Node.Constant weight)) {
            return right;
        }
        ConstantValue moved = ConstantValue.allocate(DType.I8, weight.value().sizes());
        for (long i = 0; i < moved.numel(); i++) {
            byte value = weight.value().data().get(ValueLayout.JAVA_BYTE, i);
            moved.data().set(ValueLayout.JAVA_BYTE, i, (byte) (value - 128));
        }
        return new Operand(g.constant(weight.name() + "_i8", moved), Optional.of(movedZero(right.zero())));
    }

    private Arg.Ref movedZero(Optional<Arg.Ref> zero) {
        ConstantValue shift = ConstantValue.allocate(DType.I32, List.of());
        shift.set(0, 128L);
        if (zero.isEmpty()) {
            shift.set(0, -128L);
            return g.constant("zero_point", shift);
        }
        if (!(g.node(zero.get()) instanceof Node.Constant known)) {
            return g.call("aten.sub.Tensor", wide(zero.get()), g.constant("middle", shift));
        }
        ConstantValue moved = ConstantValue.allocate(DType.I32, known.value().sizes());
        for (long i = 0; i < moved.numel(); i++) {
            moved.set(i, known.value().longAt(i) - 128);
        }
        return g.constant(known.name() + "_i8", moved);
    }

    /** A zero point in i32, ready to be broadcast; none if it is known to be 0. */
    private Optional<Arg.Ref> zero(Optional<Arg.Ref> zero, List<SymInt> sizes) {
        if (zero.isEmpty() || g.node(zero.get()) instanceof Node.Constant c && isZero(c.value())) {
            return Optional.empty();
        }
        boolean single = g.tensor(zero.get()).numel().is(1);
        return Optional.of(view(wide(zero.get()), single ? List.of() : sizes));
    }

    private static boolean isZero(ConstantValue value) {
        MemorySegment data = value.data();
        for (long i = 0; i < data.byteSize(); i++) {
            if (data.get(ValueLayout.JAVA_BYTE, i) != 0) {
                return false;
            }
        }
        return true;
    }

    private Arg.Ref columnSums(Arg.Ref b) {
        if (!(g.node(b) instanceof Node.Constant known)) {
            return g.call("aten.sum.dim_IntList", b, Arg.ints(0), false, DType.I32);
        }
        int columns = Math.toIntExact(known.value().sizes().get(1));
        int[] sums = new int[columns];
        for (long i = 0; i < known.value().numel(); i++) {
            sums[(int) (i % columns)] += (int) known.value().longAt(i);
        }
        ConstantValue value = ConstantValue.allocate(DType.I32, List.of((long) columns));
        for (int n = 0; n < columns; n++) {
            value.set(n, (long) sums[n]);
        }
        return g.constant(known.name() + "_sums", value);
    }

    private Arg.Ref wide(Arg.Ref x) {
        return g.tensor(x).dtype() == DType.I32 ? x : g.call("aten._to_copy.default", x, DType.I32);
    }

    private Arg.Ref view(Arg.Ref x, List<SymInt> sizes) {
        return g.tensor(x).sizes().equals(sizes) ? x : g.call("aten.reshape.default", x, sizes);
    }
}
