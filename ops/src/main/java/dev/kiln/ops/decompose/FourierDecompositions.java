package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.aten.ComplexOps;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;

/**
 * Fourier transforms over several dimensions: one after the other, each by a kernel that takes the roots of unity from
 * a table. A normalisation is 0 (none), 1 (by the root of the number of elements) or 2 (by that number).
 */
final class FourierDecompositions {
    private static final int BY_ROOT = 1;

    private FourierDecompositions() {
    }

    /** What starts from real tensors. */
    static void ofReals(Definitions d) {
        d.op("_fft_r2c.default(Tensor self, int[] dim, int normalization, bool onesided) -> Tensor",
            FourierDecompositions::fromReals);
        d.op("_fft_c2c.default(Tensor self, SymInt[] dim, int normalization, bool forward) -> Tensor",
            (e, a) -> complex(e, a, new ComplexParts(e)));
        d.op("_fft_c2r.default(Tensor self, int[] dim, int normalization, SymInt last_dim_size) -> Tensor",
            (e, a) -> toReals(e, a, new ComplexParts(e)));
        FourierFunctions.define(d);
        InverseShortTime.define(d);
    }

    static void define(BiConsumer<String, ComplexArithmetic.Body> bodies) {
        bodies.accept("_fft_c2c.default", FourierDecompositions::complex);
        bodies.accept("_fft_c2r.default", FourierDecompositions::toReals);
    }

    private static List<Integer> dims(OpArgs a) {
        List<Integer> dims = Arrays.stream(a.integers(1)).map(d -> a.wrapDim(d, a.tensor(0).rank())).boxed().toList();
        if (dims.isEmpty() || dims.stream().distinct().count() < dims.size() || a.tensor(0).rank() == 0) {
            throw a.error("dimensions of " + a.tensor(0) + " expected, each once, got " + dims);
        }
        return dims;
    }

    private static Arg.Ref fromReals(Emit e, OpArgs a) {
        DType dtype = a.tensor(0).dtype();
        if (dtype != DType.F32 && dtype != DType.F64) {
            throw a.error("f32 or f64 expected, got " + dtype);
        }
        List<Integer> dims = new ArrayList<>(dims(a));
        ComplexParts parts = new ComplexParts(e);
        Arg.Ref x = scaled(e, a, Emit.ref(a, 0), sizes(a, dims));
        if (!a.bool(3)) {
            return parts.whole(transformed(e, parts.pairs(parts.whole(x, null)), dims, false));
        }
        int last = dims.removeLast();
        Arg.Ref half = e.g().call(ComplexOps.OF_REALS, x, table(e, e.tensor(x).size(last), dtype), last);
        return parts.whole(transformed(e, half, dims, false));
    }

    private static Arg.Ref complex(Emit e, OpArgs a, ComplexParts parts) {
        if (!a.tensor(0).dtype().isComplex()) {
            throw a.error("a complex tensor expected, got " + a.tensor(0));
        }
        List<Integer> dims = dims(a);
        Arg.Ref result = transformed(e, parts.pairs(Emit.ref(a, 0)), dims, !a.bool(3));
        return parts.whole(scaled(e, a, result, sizes(a, dims)));
    }

    private static Arg.Ref toReals(Emit e, OpArgs a, ComplexParts parts) {
        if (!a.tensor(0).dtype().isComplex()) {
            throw a.error("a complex tensor expected, got " + a.tensor(0));
        }
        List<Integer> dims = new ArrayList<>(dims(a));
        int last = dims.removeLast();
        SymInt size = a.size(3);
        a.shapes().require(a.tensor(0).size(last), size.floorDiv(SymInt.of(2)).plus(1), a.schema().name()
            + ", half of last_dim_size");
        Arg.Ref pairs = transformed(e, parts.pairs(Emit.ref(a, 0)), dims, true);
        Arg.Ref result = e.g().call(ComplexOps.TO_REALS, pairs, table(e, size, e.dtype(pairs)), last, size);
        List<SymInt> sizes = new ArrayList<>(sizes(a, dims));
        sizes.add(size);
        return scaled(e, a, result, sizes);
    }

    private static List<SymInt> sizes(OpArgs a, List<Integer> dims) {
        return dims.stream().map(a.tensor(0)::size).toList();
    }

    private static Arg.Ref transformed(Emit e, Arg.Ref pairs, List<Integer> dims, boolean inverse) {
        Arg.Ref x = pairs;
        for (int dim : dims) {
            x = e.g().call(ComplexOps.TRANSFORM, x, table(e, e.tensor(x).size(dim), e.dtype(x)), dim, inverse);
        }
        return x;
    }

    private static Arg.Ref scaled(Emit e, OpArgs a, Arg.Ref x, List<SymInt> sizes) {
        SymInt count = SymInt.product(sizes);
        if (a.integer(2) == 0) {
            return x;
        }
        if (count.isConstant()) {
            double divisor = a.integer(2) == BY_ROOT ? Math.sqrt(count.asLong()) : count.asLong();
            return e.mul(x, 1 / divisor);
        }
        Arg.Ref divisor = e.number(count, e.dtype(x));
        return e.div(x, a.integer(2) == BY_ROOT ? e.unary("sqrt", divisor) : divisor);
    }

    /** [2 n, 2]: cosine and negative sine of k pi / n, computed in f64. */
    private static Arg.Ref table(Emit e, SymInt n, DType dtype) {
        Arg.Ref steps = e.cast(e.call("arange.start_step", 0, n.times(2), 1), DType.F64);
        Arg.Ref angle = n.isConstant() ? e.mul(steps, Math.PI / Math.max(1, n.asLong()))
            : e.div(e.mul(steps, Math.PI), e.number(n, DType.F64));
        List<Arg.Ref> columns = List.of(e.unsqueeze(zeroed(e, e.unary("cos", angle)), 1),
            e.unsqueeze(zeroed(e, e.unary("neg", e.unary("sin", angle))), 1));
        return e.cast(e.cat(columns, 1), dtype);
    }

    /** What is smaller than any sine of a fraction of pi is the rounding error of a zero. */
    private static Arg.Ref zeroed(Emit e, Arg.Ref x) {
        return e.where(e.call("lt.Scalar", e.unary("abs", x), 1e-14), e.number(0, DType.F64), x);
    }
}
