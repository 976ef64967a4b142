package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

/** Windows, Fourier transforms and the mel filter bank. */
final class SignalImports {
    private SignalImports() {
    }

    static void register(Registry r) {
        r.tensor("HannWindow", n -> window(n, 0.5, 0.5, 0));
        r.tensor("HammingWindow", n -> window(n, 25.0 / 46, 21.0 / 46, 0));
        r.tensor("BlackmanWindow", n -> window(n, 0.42, 0.5, 0.08));
        r.tensor("DFT", SignalImports::dft);
        r.tensor("STFT", SignalImports::stft);
        r.op("MelWeightMatrix", n -> List.of(new Value.Literal(() -> MelFilters.of(n))));
    }

    /** a - b * cos(2 pi i / period) + c * cos(4 pi i / period); a symmetric window ends at the period. */
    private static Arg.Ref window(NodeImport n, double a, double b, double c) {
        SymInt size = n.sizes(0, "size").getFirst();
        SymInt period = n.attributes().flag("periodic", true) ? size : size.plus(-1);
        Arg.Ref angle = n.call("aten.arange.start_step", SymInt.ZERO, size, 1, DType.F64);
        Arg.Ref turns = n.call("aten.div.Tensor", angle, n.call("aten.full.default", List.of(), period, DType.F64));
        Arg.Ref sum = n.call("aten.rsub.Scalar", n.call("aten.mul.Scalar", cosine(n, turns, 2 * Math.PI), b), a);
        if (c != 0) {
            sum = n.call("aten.add.Tensor", sum, n.call("aten.mul.Scalar", cosine(n, turns, 4 * Math.PI), c));
        }
        return n.cast(sum, OnnxTypes.dtype((int) n.attributes().integer("output_datatype", 1), "output_datatype"));
    }

    private static Arg.Ref cosine(NodeImport n, Arg.Ref turns, double factor) {
        return n.call("aten.cos.default", n.call("aten.mul.Scalar", turns, factor));
    }

    /** The axis is an attribute before opset 20, then an input. */
    private static Arg.Ref dft(NodeImport n) {
        Arg.Ref x = n.tensor(0);
        int rank = n.rank(x);
        long axis = !n.since(20) ? n.attributes().integer("axis", 1) : n.has(2) ? n.integer(2, "axis") : -2;
        int dim = n.dim(axis, rank);
        boolean inverse = n.attributes().flag("inverse", false);
        boolean onesided = n.attributes().flag("onesided", false);
        long given = n.shapes().specialize(n.type(x).size(dim));
        long length = n.has(1) ? n.integer(1, "dft_length") : inverse && onesided ? 2 * (given - 1) : given;
        return new FourierTransform(n, length, inverse, onesided).apply(x, dim);
    }

    /** Frames of the signal, each under the window, transformed. */
    private static Arg.Ref stft(NodeImport n) {
        Arg.Ref x = n.tensor(0);
        long samples = n.shapes().specialize(n.type(x).size(1));
        long step = n.integer(1, "frame_step");
        long length = n.has(3) ? n.integer(3, "frame_length")
            : n.shapes().specialize(n.type(n.tensor(2)).size(0));
        if (step < 1 || length < 1 || length > samples) {
            throw new KilnException.BadInput("frames of " + length + " samples every " + step + " do not fit "
                + samples + " samples");
        }
        long frames = (samples - length) / step + 1;
        long[] places = LongStream.range(0, frames * length).map(i -> i / length * step + i % length).toArray();
        Arg.Ref index = n.constant("frames", ConstantValue.longs(List.of((long) places.length), places));
        List<SymInt> sizes = new ArrayList<>(n.type(x).sizes());
        sizes.set(1, SymInt.of(frames));
        sizes.add(2, SymInt.of(length));
        Arg.Ref framed = n.reshape(n.call("aten.index_select.default", x, 1, index), sizes);
        if (n.has(2)) {
            framed = n.call("aten.mul.Tensor", framed, n.call("aten.unsqueeze.default", n.tensor(2), -1));
        }
        return new FourierTransform(n, length, false, n.attributes().flag("onesided", true)).apply(framed, 2);
    }
}
