package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.List;
import java.util.function.BiFunction;

/** Windows of signal processing: sums of cosines, and the triangle; periodic ones lack the last point. */
final class WindowDecompositions {
    private static final String OPTIONS = ", *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, "
        + "bool? pin_memory=None) -> Tensor";

    private WindowDecompositions() {
    }

    static void define(Definitions d) {
        window(d, "hann_window", (e, x) -> cosines(e, x, 0.5, 0.5, 0));
        window(d, "hamming_window", (e, x) -> cosines(e, x, 0.54, 0.46, 0));
        window(d, "blackman_window", (e, x) -> cosines(e, x, 0.42, 0.5, 0.08));
        window(d, "bartlett_window", (e, x) ->
            e.call("rsub.Scalar", e.unary("abs", e.add(e.mul(x, 2.0), -1.0)), 1.0));
        d.op("hamming_window.periodic_alpha(int window_length, bool periodic, float alpha" + OPTIONS, (e, a) ->
            sampled(e, a, a.bool(1), 3, (f, x) -> cosines(f, x, a.real(2), 0.46, 0)));
        d.op("hamming_window.periodic_alpha_beta(int window_length, bool periodic, float alpha, float beta" + OPTIONS,
            (e, a) -> sampled(e, a, a.bool(1), 4, (f, x) -> cosines(f, x, a.real(2), a.real(3), 0)));
    }

    private static void window(Definitions d, String name, BiFunction<Emit, Arg.Ref, Arg.Ref> body) {
        d.op(name + ".default(int window_length" + OPTIONS, (e, a) -> sampled(e, a, true, 1, body));
        d.op(name + ".periodic(int window_length, bool periodic" + OPTIONS, (e, a) ->
            sampled(e, a, a.bool(1), 2, body));
    }

    /** @param body of a place from 0 to 1 */
    private static Arg.Ref sampled(Emit e, OpArgs a, boolean periodic, int dtype, BiFunction<Emit, Arg.Ref, Arg.Ref> body) {
        long length = a.integer(0);
        DType result = a.dtype(dtype).orElse(DType.F32);
        if (length < 0 || !result.isFloating()) {
            throw a.error("a length of at least 0 and a floating dtype expected, got " + length + " and " + result);
        }
        if (length < 2) {
            return e.full(List.of(SymInt.of(length)), 1, result);
        }
        Arg.Ref steps = e.cast(e.call("arange.start_step", 0, length, 1), DType.F64);
        return e.cast(body.apply(e, e.div(steps, (double) (periodic ? length : length - 1))), result);
    }

    /** a - b cos(2 pi x) + c cos(4 pi x). */
    private static Arg.Ref cosines(Emit e, Arg.Ref x, double a, double b, double c) {
        Arg.Ref sum = e.add(e.mul(e.unary("cos", e.mul(x, 2 * Math.PI)), -b), a);
        return c == 0 ? sum : e.add(sum, e.mul(e.unary("cos", e.mul(x, 4 * Math.PI)), c));
    }
}
