package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** The functions of {@code torch.fft} and the short-time transform, in terms of the core transforms. */
final class FourierFunctions {
    private static final String ONE = "(Tensor self, SymInt? n=None, int dim=-1, str? norm=None) -> Tensor";
    private static final String SHORT_TIME = "Tensor? window=None, %sbool normalized=False, bool? onesided=None, "
        + "bool? return_complex=None, bool? align_to_window=None) -> Tensor";

    private FourierFunctions() {
    }

    static void define(Definitions d) {
        one(d, "fft", true, (e, x, dims, norm) -> e.call("_fft_c2c.default", complex(e, x), dims, norm, true));
        one(d, "ifft", false, (e, x, dims, norm) -> e.call("_fft_c2c.default", complex(e, x), dims, norm, false));
        one(d, "rfft", true, (e, x, dims, norm) -> e.call("_fft_r2c.default", real(e, x), dims, norm, true));
        d.op("fft_irfft.default" + ONE, (e, a) -> {
            int dim = a.dim(2, a.tensor(0).rank());
            SymInt size = a.isNone(1) ? a.tensor(0).size(dim).plus(-1).times(2) : a.size(1);
            Arg.Ref x = resized(e, complex(e, Emit.ref(a, 0)), dim, size.floorDiv(SymInt.of(2)).plus(1));
            return e.call("_fft_c2r.default", x, Arg.ints(dim), normalisation(a, 3, false), size);
        });
        several(d, "", (e, a, x, dims) ->
            e.call("_fft_c2c.default", complex(e, x), dims, normalisation(a, 3, true), true));
        several(d, "i", (e, a, x, dims) ->
            e.call("_fft_c2c.default", complex(e, x), dims, normalisation(a, 3, false), false));
        several(d, "r", (e, a, x, dims) ->
            e.call("_fft_r2c.default", real(e, x), dims, normalisation(a, 3, true), true));
        d.op("fft_fftshift.default(Tensor self, int[1]? dim=None) -> Tensor", (e, a) -> shifted(e, a, 1));
        d.op("fft_ifftshift.default(Tensor self, int[1]? dim=None) -> Tensor", (e, a) -> shifted(e, a, -1));
        d.op("stft.default(Tensor self, int n_fft, int? hop_length=None, int? win_length=None, "
            + SHORT_TIME.formatted(""), (e, a) -> shortTime(e, a, Emit.ref(a, 0), 5));
        d.op("stft.center(Tensor self, int n_fft, int? hop_length=None, int? win_length=None, "
            + SHORT_TIME.formatted("bool center=True, str pad_mode=\"reflect\", "), (e, a) ->
            shortTime(e, a, a.bool(5) ? centred(e, a) : Emit.ref(a, 0), 7));
    }

    @FunctionalInterface
    private interface Transform {
        Arg.Ref apply(Emit e, Arg.Ref x, Arg dims, int normalisation);
    }

    @FunctionalInterface
    private interface Transforms {
        Arg.Ref apply(Emit e, OpArgs a, Arg.Ref x, Arg dims);
    }

    private static void one(Definitions d, String name, boolean forward, Transform transform) {
        d.op("fft_" + name + ".default" + ONE, (e, a) -> {
            int dim = a.dim(2, a.tensor(0).rank());
            Arg.Ref x = a.isNone(1) ? Emit.ref(a, 0) : resized(e, Emit.ref(a, 0), dim, a.size(1));
            return transform.apply(e, x, Arg.ints(dim), normalisation(a, 3, forward));
        });
    }

    private static void several(Definitions d, String prefix, Transforms transform) {
        String name = "fft_" + prefix;
        d.op(name + "fft2.default(Tensor self, SymInt[1]? s=None, int[1] dim=[-2,-1], str? norm=None) -> Tensor",
            (e, a) -> several(e, a, transform));
        d.op(name + "fftn.default(Tensor self, SymInt[1]? s=None, int[1]? dim=None, str? norm=None) -> Tensor",
            (e, a) -> several(e, a, transform));
    }

    private static Arg.Ref several(Emit e, OpArgs a, Transforms transform) {
        int rank = a.tensor(0).rank();
        int given = a.isNone(1) ? rank : a.sizes(1).size();
        int[] dims = a.isNone(2) ? IntStream.range(rank - given, rank).toArray()
            : IntStream.of(a.integers(2)).map(d -> a.wrapDim(d, rank)).toArray();
        Arg.Ref x = Emit.ref(a, 0);
        for (int i = 0; !a.isNone(1) && i < dims.length; i++) {
            x = a.sizes(1).get(i).is(-1) ? x : resized(e, x, dims[i], a.sizes(1).get(i));
        }
        return transform.apply(e, a, x, Arg.ints(IntStream.of(dims).asLongStream().toArray()));
    }

    private static Arg.Ref complex(Emit e, Arg.Ref x) {
        return e.dtype(x).isComplex() ? x : e.cast(x, e.dtype(x).complex());
    }

    private static Arg.Ref real(Emit e, Arg.Ref x) {
        return e.dtype(x) == DType.F64 ? x : e.cast(x, DType.F32);
    }

    /** Cut at the end, or filled with zeros. */
    private static Arg.Ref resized(Emit e, Arg.Ref x, int dim, SymInt size) {
        SymInt now = e.tensor(x).size(dim);
        if (now.equals(size)) {
            return x;
        }
        if (e.g().shapes().less(size, now)) {
            return e.slice(x, dim, SymInt.ZERO, size);
        }
        List<SymInt> pad = new ArrayList<>();
        for (int d = e.rank(x) - 1; d >= dim; d--) {
            pad.addAll(List.of(SymInt.ZERO, d == dim ? size.minus(now) : SymInt.ZERO));
        }
        return e.call("constant_pad_nd.default", x, new Arg.Ints(pad), 0);
    }

    /** Forward transforms divide when the mode says forward, inverse ones unless it does. */
    private static int normalisation(OpArgs a, int position, boolean forward) {
        String mode = a.isNone(position) ? "backward" : a.string(position);
        return switch (mode) {
            case "ortho" -> 1;
            case "forward" -> forward ? 2 : 0;
            case "backward" -> forward ? 0 : 2;
            default -> throw a.error("norm must be forward, backward or ortho, is " + mode);
        };
    }

    private static Arg.Ref shifted(Emit e, OpArgs a, int sign) {
        int rank = a.tensor(0).rank();
        int[] dims = a.isNone(1) ? IntStream.range(0, rank).toArray() : a.integers(1);
        List<SymInt> shifts = IntStream.of(dims).mapToObj(d -> {
            SymInt size = a.tensor(0).size(a.wrapDim(d, rank));
            return sign > 0 ? size.floorDiv(SymInt.of(2)) : size.plus(1).floorDiv(SymInt.of(2));
        }).toList();
        return e.call("roll.default", a.arg(0), new Arg.Ints(shifts),
            Arg.ints(IntStream.of(dims).asLongStream().toArray()));
    }

    private static Arg.Ref centred(Emit e, OpArgs a) {
        Arg.Ref x = Emit.ref(a, 0);
        SymInt side = SymInt.of(a.integer(1) / 2);
        Arg.Ref lines = e.rank(x) == 1 ? e.unsqueeze(x, 0) : x;
        Arg.Ref padded = e.call("pad.default", lines, new Arg.Ints(List.of(side, side)), a.arg(6));
        return e.rank(x) == 1 ? e.call("squeeze.dim", padded, 0) : padded;
    }

    /** @param rest where normalized, onesided, return_complex and align_to_window stand */
    private static Arg.Ref shortTime(Emit e, OpArgs a, Arg.Ref signal, int rest) {
        long size = a.integer(1);
        long hop = a.isNone(2) ? size / 4 : a.integer(2);
        if (!e.dtype(signal).isFloating() || !a.isNone(rest + 3) && a.bool(rest + 3)) {
            throw new dev.kiln.ops.KilnException.Unsupported(a.schema().name()
                + " is supported for real signals and unaligned windows");
        }
        Arg.Ref frames = e.call("unfold.default", signal, e.rank(signal) - 1, size, hop);
        Arg.Ref window = window(e, a, size);
        Arg.Ref weighted = window == null ? frames : e.mul(frames, window);
        int last = e.rank(frames) - 1;
        boolean onesided = a.isNone(rest + 1) || a.bool(rest + 1);
        Arg.Ref spectrum = e.call("_fft_r2c.default", weighted, Arg.ints(last), a.bool(rest) ? 1 : 0, onesided);
        Arg.Ref turned = e.call("transpose.int", spectrum, last - 1, last);
        boolean complex = !a.isNone(rest + 2) && a.bool(rest + 2);
        return complex ? turned : e.call("view_as_real.default", turned);
    }

    /** The window in the middle of a frame; null for none. */
    static Arg.Ref window(Emit e, OpArgs a, long size) {
        long length = a.isNone(3) ? size : a.integer(3);
        if (a.isNone(4) && length == size) {
            return null;
        }
        Arg.Ref window = a.isNone(4) ? e.full(List.of(SymInt.of(length)), 1, a.tensor(0).dtype().part()) : Emit.ref(a, 4);
        long left = (size - length) / 2;
        return length == size ? window
            : e.call("constant_pad_nd.default", window, Arg.ints(left, size - length - left), 0);
    }
}
