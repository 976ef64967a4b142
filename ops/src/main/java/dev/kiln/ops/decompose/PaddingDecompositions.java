package dev.kiln.ops.decompose;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.List;

/** Padding with the tensor's own elements: a selection along each dimension by a computed index. */
final class PaddingDecompositions {
    private PaddingDecompositions() {
    }

    static void define(Definitions d) {
        for (int dims = 1; dims <= 3; dims++) {
            int n = dims;
            d.op("reflection_pad" + dims + "d.default(Tensor self, SymInt[] padding) -> Tensor",
                (e, a) -> pad(e, a, n, "reflect"));
            d.op("replication_pad" + dims + "d.default(Tensor self, SymInt[] padding) -> Tensor",
                (e, a) -> pad(e, a, n, "replicate"));
        }
        d.op("pad.default(Tensor self, SymInt[] pad, str mode=\"constant\", float? value=None) -> Tensor", (e, a) -> {
            if (!a.string(2).equals("constant")) {
                return pad(e, a, a.sizes(1).size() / 2, a.string(2));
            }
            Object value = a.isNone(3) ? 0 : a.tensor(0).dtype().isFloating() ? a.real(3) : (Object) (long) a.real(3);
            return e.call("constant_pad_nd.default", a.arg(0), a.arg(1), value);
        });
    }

    private static Arg.Ref pad(Emit e, OpArgs a, int dims, String mode) {
        FakeTensor self = a.tensor(0);
        List<SymInt> pads = a.sizes(1);
        int lead = self.rank() - dims;
        if (pads.size() != 2 * dims || lead < 1) {
            throw a.error(pads.size() + " paddings do not fit " + self);
        }
        Arg.Ref x = Emit.ref(a, 0);
        for (int d = 0; d < dims; d++) {
            int pair = 2 * (dims - 1 - d);
            x = along(e, a, x, lead + d, mode, pads.get(pair), pads.get(pair + 1));
        }
        return x;
    }

    private static Arg.Ref along(Emit e, OpArgs a, Arg.Ref x, int dim, String mode, SymInt before, SymInt after) {
        if (before.is(0) && after.is(0)) {
            return x;
        }
        SymInt size = e.tensor(x).size(dim);
        SymInt limit = mode.equals("reflect") ? size : size.plus(1);
        boolean fits = mode.equals("replicate") || a.shapes().less(before, limit) && a.shapes().less(after, limit);
        SymInt length = size.plus(before).plus(after);
        if (!fits || a.shapes().less(length, SymInt.ONE)) {
            throw a.error("paddings " + before + " and " + after + " do not fit size " + size);
        }
        Arg.Ref at = e.add(e.call("arange.start_step", 0, length, 1), before.negate());
        SymInt last = size.plus(-1);
        Arg.Ref index = switch (mode) {
            case "reflect" -> mirrored(e, mirrored(e, at, SymInt.ZERO), last);
            case "replicate" -> e.call("clamp.default", at, 0, last);
            case "circular" -> e.call("remainder.Scalar", at, size);
            default -> throw a.error("mode '" + mode + "' is none of constant, reflect, replicate, circular");
        };
        return e.call("index_select.default", x, dim, index);
    }

    /** Around 0: |i|; around the last place: last - |last - i|. */
    private static Arg.Ref mirrored(Emit e, Arg.Ref at, SymInt center) {
        if (center.is(0)) {
            return e.unary("abs", at);
        }
        Arg.Ref distance = e.unary("abs", e.add(at, center.negate()));
        return e.add(e.unary("neg", distance), center);
    }
}
