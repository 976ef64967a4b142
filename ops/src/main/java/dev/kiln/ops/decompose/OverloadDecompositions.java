package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;

/** Further overloads of ops that exports contain: other operands, other conversions, unchecked indices. */
final class OverloadDecompositions {
    private static final String MEMORY = "bool non_blocking=False, bool copy=False, MemoryFormat? memory_format=None) "
        + "-> Tensor";

    private OverloadDecompositions() {
    }

    static void define(Definitions d) {
        conversions(d);
        lookups(d);
        indices(d);
        inference(d);
        for (String op : List.of("and", "or", "xor")) {
            d.op("bitwise_" + op + ".Scalar_Tensor(Scalar self, Tensor other) -> Tensor",
                (e, a) -> e.call("bitwise_" + op + ".Scalar", a.arg(1), a.arg(0)));
        }
        for (String op : List.of("bitwise_left_shift", "bitwise_right_shift")) {
            d.op(op + ".Scalar_Tensor(Scalar self, Tensor other) -> Tensor",
                (e, a) -> e.call(op + ".Tensor", number(e, a, 0, 1), a.arg(1)));
        }
        d.op("remainder.Scalar_Tensor(Scalar self, Tensor other) -> Tensor",
            (e, a) -> e.call("remainder.Tensor", number(e, a, 0, 1), a.arg(1)));
        d.op("xlogy.Scalar_Self(Scalar self, Tensor other) -> Tensor",
            (e, a) -> e.call("xlogy.Tensor", number(e, a, 0, 1), a.arg(1)));
        d.list("where.default(Tensor condition) -> Tensor[]",
            (e, a) -> DataSizeDecompositions.columns(e, Emit.ref(a, 0)));
        d.list("nonzero_numpy.default(Tensor self) -> Tensor[]", (e, a) ->
            DataSizeDecompositions.columns(e, e.atLeastVector(Emit.ref(a, 0))));
    }

    /** The number at a position as a tensor without dimensions, which promotes as a number does with a tensor. */
    private static Arg.Ref number(Emit e, OpArgs a, int position, int tensor) {
        DType dtype = switch (a.arg(position)) {
            case Arg.Bool ignored -> DType.BOOL;
            case Arg.Int ignored -> DType.I64;
            default -> DType.F32;
        };
        DType other = a.tensor(tensor).dtype();
        return e.number(a.arg(position), other.kind().compareTo(dtype.kind()) >= 0 ? other : dtype);
    }

    private static void conversions(Definitions d) {
        d.op("to.device(Tensor self, Device device, ScalarType dtype, " + MEMORY,
            (e, a) -> e.cast(Emit.ref(a, 0), a.dtype(2).orElseThrow()));
        d.op("_to_copy.out(Tensor self, *, bool non_blocking=False, MemoryFormat? memory_format=None, Tensor out) "
            + "-> Tensor", (e, a) -> e.cast(Emit.ref(a, 0), a.tensor(3).dtype()));
        for (String name : List.of("Byte", "Char", "Short", "Int", "Long", "Half", "Float", "Double")) {
            DType to = dtype(name);
            d.op("_cast_" + name + ".default(Tensor self, bool non_blocking=False) -> Tensor",
                (e, a) -> e.cast(Emit.ref(a, 0), to));
        }
    }

    private static DType dtype(String name) {
        return switch (name) {
            case "Byte" -> DType.U8;
            case "Char" -> DType.I8;
            case "Short" -> DType.I16;
            case "Int" -> DType.I32;
            case "Long" -> DType.I64;
            case "Half" -> DType.F16;
            case "Float" -> DType.F32;
            default -> DType.F64;
        };
    }

    private static void lookups(Definitions d) {
        d.op("bucketize.Scalar(Scalar self, Tensor boundaries, *, bool out_int32=False, bool right=False) -> Tensor",
            (e, a) -> e.call("bucketize.Tensor", number(e, a, 0, 1), a.arg(1), a.arg(2), a.arg(3)));
        d.op("searchsorted.Scalar(Tensor sorted_sequence, Scalar self, *, bool out_int32=False, bool right=False, "
            + "str? side=None, Tensor? sorter=None) -> Tensor", (e, a) -> e.call("searchsorted.Tensor", a.arg(0),
                number(e, a, 1, 0), a.arg(2), a.arg(3), a.arg(4), a.arg(5)));
        d.op("isin.Tensor_Scalar(Tensor elements, Scalar test_element, *, bool assume_unique=False, "
            + "bool invert=False) -> Tensor", (e, a) -> e.call((a.bool(3) ? "ne" : "eq") + ".Scalar", a.arg(0), a.arg(1)));
        d.op("isin.Scalar_Tensor(Scalar element, Tensor test_elements, *, bool assume_unique=False, "
            + "bool invert=False) -> Tensor", (e, a) -> {
            Arg.Ref any = e.call("any.default", e.call("eq.Scalar", a.arg(1), a.arg(0)));
            return a.bool(3) ? e.unary("logical_not", any) : any;
        });
        d.op("count_nonzero.default(Tensor self, int? dim=None) -> Tensor", (e, a) -> e.call("sum.dim_IntList",
            DataSizeDecompositions.truth(e, Emit.ref(a, 0)), a.isNone(1) ? Arg.NONE : new Arg.Ints(List.of(a.size(1)))));
        d.op("isclose.default(Tensor self, Tensor other, float rtol=1e-05, float atol=1e-08, bool equal_nan=False) "
            + "-> Tensor", OverloadDecompositions::close);
        d.op("argwhere.default(Tensor self) -> Tensor", (e, a) -> e.unary("nonzero", Emit.ref(a, 0)));
        d.op("histc.default(Tensor self, int bins=100, Scalar min=0, Scalar max=0) -> Tensor",
            OverloadDecompositions::histogram);
    }

    private static Arg.Ref close(Emit e, OpArgs a) {
        Arg.Ref x = Emit.ref(a, 0);
        Arg.Ref y = Emit.ref(a, 1);
        Arg.Ref same = e.call("eq.Tensor", x, y);
        if (!e.dtype(x).isFloating()) {
            x = e.cast(x, DType.F32);
            y = e.cast(y, DType.F32);
        }
        if (a.bool(4) && e.dtype(x).isFloating()) {
            same = e.call("logical_or.default", same,
                e.call("logical_and.default", e.unary("isnan", x), e.unary("isnan", y)));
        }
        Arg.Ref allowed = e.add(e.unary("abs", e.mul(y, a.arg(2))), a.arg(3));
        Arg.Ref distance = e.unary("abs", e.sub(x, y));
        Arg.Ref near = e.call("logical_and.default", e.unary("isfinite", distance), e.call("le.Tensor", distance, allowed));
        return e.call("logical_or.default", same, near);
    }

    /** Equal parts of [min, max]; the last one holds max too. Without a range, that of the elements. */
    private static Arg.Ref histogram(Emit e, OpArgs a) {
        Arg.Ref x = e.view(Emit.ref(a, 0), List.of(a.tensor(0).numel()));
        DType dtype = e.dtype(x);
        boolean given = a.real(2) != a.real(3);
        if (!given && !(a.real(2) == 0)) {
            throw a.error("min and max must differ");
        }
        Arg.Ref low = given ? e.number(a.real(2), dtype) : e.unary("min", x);
        Arg.Ref high = given ? e.number(a.real(3), dtype) : e.unary("max", x);
        Arg.Ref single = e.call("eq.Tensor", low, high);
        low = e.where(single, e.sub(low, 1), low);
        high = e.where(single, e.add(high, 1), high);
        Arg.Ref inside = e.call("logical_and.default", e.call("ge.Tensor", x, low), e.call("le.Tensor", x, high));
        Arg.Ref scaled = e.div(e.mul(e.sub(x, low), a.arg(1)), e.sub(high, low));
        Arg.Ref bin = e.call("clamp_max.default", e.cast(e.where(inside, scaled, e.number(0, e.dtype(scaled))),
            DType.I64), a.size(1).plus(-1));
        return e.call("scatter.reduce", e.full(List.of(a.size(1)), 0, dtype), 0, bin, e.cast(inside, dtype), "add");
    }

    private static void indices(Definitions d) {
        d.op("_unsafe_index.Tensor(Tensor self, Tensor?[] indices) -> Tensor",
            (e, a) -> e.call("index.Tensor", a.arg(0), a.arg(1)));
        d.op("_unsafe_index_put.default(Tensor self, Tensor?[] indices, Tensor values, bool accumulate=False) -> Tensor",
            (e, a) -> e.call("index_put.default", a.arg(0), a.arg(1), a.arg(2), a.arg(3)));
        d.op("_index_put_impl.default(Tensor self, Tensor?[] indices, Tensor values, bool accumulate=False, "
            + "bool unsafe=False) -> Tensor", (e, a) -> e.call("index_put.default", a.arg(0), a.arg(1), a.arg(2), a.arg(3)));
        d.op("_unsafe_masked_index.default(Tensor self, Tensor mask, Tensor?[] indices, Scalar fill) -> Tensor",
            OverloadDecompositions::maskedIndex);
        d.op("put.default(Tensor self, Tensor index, Tensor source, bool accumulate=False) -> Tensor", (e, a) -> {
            Arg.Ref flat = e.view(Emit.ref(a, 0), List.of(a.tensor(0).numel()));
            Arg.Ref index = e.view(Emit.ref(a, 1), List.of(a.tensor(1).numel()));
            Arg.Ref source = e.view(Emit.ref(a, 2), List.of(a.tensor(2).numel()));
            return e.view(e.call("index_put.default", flat, List.of(index), source, a.arg(3)), a.tensor(0).sizes());
        });
        d.op("as_strided_scatter.default(Tensor self, Tensor src, SymInt[] size, SymInt[] stride, "
            + "SymInt? storage_offset=None) -> Tensor", OverloadDecompositions::stridedScatter);
    }

    /** Where the mask is false, an index may be out of range; it is not followed. */
    private static Arg.Ref maskedIndex(Emit e, OpArgs a) {
        List<Arg.Ref> safe = new ArrayList<>();
        List<Arg.Ref> given = ((Arg.Refs) a.arg(2)).refs();
        for (int d = 0; d < given.size(); d++) {
            Arg.Ref index = given.get(d);
            safe.add(index.equals(Arg.ABSENT) ? null
                : e.call("clamp.default", index, 0, a.tensor(0).size(d).plus(-1)));
        }
        Arg.Ref picked = e.call("index.Tensor", a.arg(0), safe);
        return e.where(Emit.ref(a, 1), picked, e.number(a.arg(3), e.dtype(picked)));
    }

    private static Arg.Ref stridedScatter(Emit e, OpArgs a) {
        SymInt offset = a.isNone(4) ? SymInt.ZERO : a.size(4);
        Arg.Ref places = e.view(e.call("arange.start_step", 0, a.tensor(0).numel(), 1), a.tensor(0).sizes());
        Arg.Ref index = e.call("as_strided.default", places, a.arg(2), a.arg(3), offset);
        return e.call("put.default", a.arg(0), e.call("clone.default", index),
            e.cast(Emit.ref(a, 1), a.tensor(0).dtype()));
    }

    /** Layers that do nothing but in training. */
    private static void inference(Definitions d) {
        for (String name : List.of("alpha_dropout", "feature_dropout", "feature_alpha_dropout")) {
            d.op(name + ".default(Tensor input, float p, bool train) -> Tensor", (e, a) -> {
                requireInference(a, a.bool(2) && a.real(1) != 0);
                return e.unary("alias", Emit.ref(a, 0));
            });
        }
        d.op("rrelu.default(Tensor self, Scalar lower=0.125, Scalar upper=0.3333333333333333, bool training=False, "
            + "Generator? generator=None) -> Tensor", (e, a) -> {
            requireInference(a, a.bool(3));
            return e.call("leaky_relu.default", a.arg(0), (a.real(1) + a.real(2)) / 2);
        });
    }

    private static void requireInference(OpArgs a, boolean trains) {
        if (trains) {
            throw new KilnException.Unsupported(a.schema().name() + " in training is not supported; call eval() first");
        }
    }
}
