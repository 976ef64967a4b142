package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.decompose.ComplexParts.Complex;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpArgs;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What ops compute of complex tensors, in terms of the parts; composite ops that are not here are as they are. */
public final class ComplexDecompositions {
    /** What moves elements, or adds them up, does so with each part: overloads whose data is the first argument. */
    private static final List<String> APART = List.of("view.default", "_unsafe_view.default", "reshape.default",
        "expand.default", "permute.default", "transpose.int", "t.default", "unsqueeze.default", "squeeze.default",
        "squeeze.dim", "squeeze.dims", "slice.Tensor", "select.int", "diagonal.default", "unfold.default",
        "alias.default", "detach.default", "clone.default", "contiguous.default", "positive.default",
        "lift_fresh_copy.default", "flip.default", "gather.default", "index_select.default", "cat.default",
        "sum.dim_IntList", "mean.dim", "neg.default", "mul.Scalar", "div.Scalar");

    private static final Map<String, Decomposition> BY_NAME = load();

    private ComplexDecompositions() {
    }

    @FunctionalInterface
    private interface Body {
        Arg.Ref apply(Emit e, OpArgs a, ComplexParts parts);
    }

    /** Whether the op only reads the parts of complex numbers as numbers, or the other way round. */
    public static boolean isView(String name) {
        return name.equals(ComplexParts.PARTS) || name.equals(ComplexParts.WHOLE);
    }

    /** What a complex tensor was put together from, if that is at hand: the view of it needs no memory. */
    public static Optional<Decomposition> find(String name) {
        return Optional.ofNullable(BY_NAME.get(name));
    }

    private static Map<String, Decomposition> load() {
        Map<String, Body> bodies = new HashMap<>();
        APART.forEach(name -> bodies.put(name, (e, a, p) -> apart(e, a, p, name, 0)));
        bodies.put("where.self", (e, a, p) -> apart(e, a, p, "where.self", 1));
        bodies.put("constant_pad_nd.default", ComplexDecompositions::padded);
        bodies.put("full.default", (e, a, p) ->
            p.whole(e.full(a.sizes(0), a.arg(1), a.dtype(2).orElseThrow().part()), null));
        bodies.put("_to_copy.default", ComplexDecompositions::converted);
        bodies.put("to.dtype", ComplexDecompositions::converted);
        ComplexArithmetic.define((name, body) -> bodies.put(name, body::apply));
        FourierDecompositions.define((name, body) -> bodies.put(name, body::apply));
        Map<String, Decomposition> result = new HashMap<>();
        bodies.forEach((name, body) -> result.put("aten." + name, (g, a) -> {
            Emit e = new Emit(g);
            return List.of(body.apply(e, a, new ComplexParts(e)));
        }));
        return Map.copyOf(result);
    }

    /** The op on the real parts and on the imaginary parts; arguments in front of {@code from} stay. */
    private static Arg.Ref apart(Emit e, OpArgs a, ComplexParts p, String name, int from) {
        List<Arg> real = new ArrayList<>();
        List<Arg> imaginary = new ArrayList<>();
        for (int i = 0; i < a.count(); i++) {
            boolean data = i >= from && a.arg(i).references().stream().anyMatch(r -> e.dtype(r).isComplex())
                || name.equals("where.self") && i > 0;
            Arg arg = a.arg(i) instanceof Arg.Type(DType dtype) ? new Arg.Type(dtype.part()) : a.arg(i);
            real.add(data ? arg.mapReferences(r -> p.both(r).real()) : arg);
            imaginary.add(data ? arg.mapReferences(r -> p.both(r).imaginary()) : arg);
        }
        return p.whole(e.call(name, real.toArray()), e.call(name, imaginary.toArray()));
    }

    private static Arg.Ref padded(Emit e, OpArgs a, ComplexParts p) {
        Complex x = p.of(Emit.ref(a, 0));
        return p.whole(e.call("constant_pad_nd.default", x.real(), a.arg(1), a.arg(2)),
            e.call("constant_pad_nd.default", x.imaginary(), a.arg(1), 0));
    }

    /** To a real dtype goes the real part. */
    private static Arg.Ref converted(Emit e, OpArgs a, ComplexParts p) {
        Complex x = p.of(Emit.ref(a, 0));
        DType to = a.dtype(1).orElse(a.tensor(0).dtype());
        return !to.isComplex() ? e.cast(x.real(), to)
            : p.whole(e.cast(x.real(), to.part()), x.isReal() ? null : e.cast(x.imaginary(), to.part()));
    }
}
