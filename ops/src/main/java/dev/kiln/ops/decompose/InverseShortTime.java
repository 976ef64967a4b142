package dev.kiln.ops.decompose;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.List;

/**
 * The inverse short-time Fourier transform: frames are added where they overlap, and divided by what the windows add up
 * to.
 */
final class InverseShortTime {
    private InverseShortTime() {
    }

    static void define(Definitions d) {
        d.op("istft.default(Tensor self, int n_fft, int? hop_length=None, int? win_length=None, Tensor? window=None, "
            + "bool center=True, bool normalized=False, bool? onesided=None, int? length=None, "
            + "bool return_complex=False) -> Tensor", InverseShortTime::signal);
    }

    private static Arg.Ref signal(Emit e, OpArgs a) {
        if (!a.tensor(0).dtype().isComplex() || a.tensor(0).rank() < 2 || a.bool(9) || !a.isNone(7) && !a.bool(7)) {
            throw new KilnException.Unsupported("aten.istft.default is supported for complex, one-sided spectra [.., n, t]"
                + " of real signals, got " + a.tensor(0));
        }
        long size = a.integer(1);
        long hop = a.isNone(2) ? size / 4 : a.integer(2);
        Arg.Ref spectra = a.tensor(0).rank() == 2 ? e.unsqueeze(Emit.ref(a, 0), 0) : Emit.ref(a, 0);
        Arg.Ref turned = e.call("transpose.int", spectra, 1, 2);
        Arg.Ref frames = e.call("_fft_c2r.default", turned, Arg.ints(2), a.bool(6) ? 1 : 2, size);
        Arg.Ref given = FourierFunctions.window(e, a, size);
        Arg.Ref window = given == null ? e.full(List.of(SymInt.of(size)), 1, e.dtype(frames)) : given;
        Arg.Ref weighted = e.mul(frames, window);
        Arg.Ref sum = overlapped(e, weighted, size, hop);
        Arg.Ref square = e.expand(e.mul(window, window), e.tensor(weighted).sizes());
        Arg.Ref whole = e.div(sum, overlapped(e, square, size, hop));
        Arg.Ref cut = cut(e, a, whole, size);
        return a.tensor(0).rank() == 2 ? e.call("squeeze.dim", cut, 0) : cut;
    }

    /** Frames [B, t, n], each hop elements after the one before, added up to [B, n + hop (t - 1)]. */
    private static Arg.Ref overlapped(Emit e, Arg.Ref frames, long size, long hop) {
        SymInt batch = e.tensor(frames).size(0);
        SymInt count = e.tensor(frames).size(1);
        SymInt length = count.plus(-1).times(hop).plus(size);
        Arg.Ref places = e.add(e.mul(e.positions(count, 0, 2), hop), e.positions(SymInt.of(size), 1, 2));
        SymInt all = count.times(size);
        Arg.Ref index = e.expand(e.view(places, List.of(SymInt.ONE, all)), List.of(batch, all));
        return IndexDecompositions.accumulate(e, e.full(List.of(batch, length), 0, e.dtype(frames)), 1, index,
            e.call("reshape.default", frames, new Arg.Ints(List.of(batch, all))));
    }

    private static Arg.Ref cut(Emit e, OpArgs a, Arg.Ref whole, long size) {
        SymInt length = e.tensor(whole).size(1);
        SymInt start = SymInt.of(a.bool(5) ? size / 2 : 0);
        SymInt end = !a.isNone(8) ? start.plus(a.integer(8)) : a.bool(5) ? length.plus(-size / 2) : length;
        if (a.shapes().less(length, end)) {
            return e.call("constant_pad_nd.default", e.slice(whole, 1, start, length),
                new Arg.Ints(List.of(SymInt.ZERO, end.minus(length))), 0);
        }
        return e.slice(whole, 1, start, end);
    }
}
