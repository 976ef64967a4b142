package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.aten.Broadcast;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.shape.SymInt;
import java.util.List;

/** Taking complex tensors apart and putting them together; what was just put together comes apart for nothing. */
record ComplexParts(Emit e) {
    static final String PARTS = "aten.view_as_real.default";
    static final String WHOLE = "aten.view_as_complex.default";

    /** A tensor's parts; a real one has no imaginary part. */
    record Complex(Arg.Ref real, Arg.Ref imaginary) {
        boolean isReal() {
            return imaginary == null;
        }
    }

    private Node.Call call(Arg.Ref x, String op) {
        return e.g().node(x) instanceof Node.Call call && call.is(op) ? call : null;
    }

    /** The parts as pairs: [.., 2]. */
    Arg.Ref pairs(Arg.Ref x) {
        Node.Call whole = call(x, WHOLE);
        return whole == null ? e.g().call(PARTS, x) : (Arg.Ref) whole.arg(0);
    }

    /** Half precisions become f32, the least that a part has. */
    Complex of(Arg.Ref x) {
        if (!e.dtype(x).isComplex()) {
            return new Complex(e.compute(x), null);
        }
        Arg.Ref pairs = pairs(x);
        Node.Call joined = call(pairs, "aten.cat.default");
        if (joined != null && joined.arg(0) instanceof Arg.Refs(List<Arg.Ref> parts) && parts.size() == 2) {
            Node.Call real = call(parts.get(0), "aten.unsqueeze.default");
            Node.Call imaginary = call(parts.get(1), "aten.unsqueeze.default");
            if (real != null && imaginary != null) {
                return new Complex((Arg.Ref) real.arg(0), (Arg.Ref) imaginary.arg(0));
            }
        }
        int last = e.rank(pairs) - 1;
        return new Complex(e.call("select.int", pairs, last, 0), e.call("select.int", pairs, last, 1));
    }

    /** As {@link #of}, with zeros where there is no imaginary part. */
    Complex both(Arg.Ref x) {
        Complex parts = of(x);
        return parts.isReal() ? new Complex(parts.real, zeros(parts.real)) : parts;
    }

    Arg.Ref zeros(Arg.Ref like) {
        return e.full(e.tensor(like).sizes(), 0, e.dtype(like));
    }

    Arg.Ref whole(Arg.Ref pairs) {
        return e.g().call(WHOLE, pairs);
    }

    /** Parts of any dtypes and broadcast sizes; null for no imaginary part. */
    Arg.Ref whole(Arg.Ref real, Arg.Ref imaginary) {
        DType dtype = e.dtype(real) == DType.F64 || imaginary != null && e.dtype(imaginary) == DType.F64
            ? DType.F64 : DType.F32;
        List<SymInt> sizes = imaginary == null ? e.tensor(real).sizes() : Broadcast.sizes(e.g().shapes(), WHOLE,
            List.of(e.tensor(real).sizes(), e.tensor(imaginary).sizes()));
        Arg.Ref re = e.expand(e.cast(real, dtype), sizes);
        Arg.Ref im = imaginary == null ? e.full(sizes, 0, dtype) : e.expand(e.cast(imaginary, dtype), sizes);
        int last = sizes.size();
        return whole(e.call("cat.default", List.of(e.unsqueeze(re, last), e.unsqueeze(im, last)), last));
    }
}
