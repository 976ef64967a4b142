package dev.kiln.stages.trace.pt2;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Operators of exports that are another operator in Kiln. */
final class SpecialOps {
    private static final Map<String, Translator> OPS = Map.ofEntries(
        Map.entry("aten._reshape_alias.default", call -> NodeCall.one(call.call("aten.view.default",
            self(call), call.arg(call.argument("size", 1))))),
        Map.entry("aten.requires_grad_.default", call -> NodeCall.one(self(call))),
        Map.entry("aten.lift_fresh.default", call -> NodeCall.one(self(call))),
        Map.entry("aten.detach_.default", call -> NodeCall.one(self(call))),
        Map.entry("aten.feature_dropout.default", SpecialOps::dropout),
        Map.entry("aten.mT.default", call -> NodeCall.one(call.call("aten.transpose.int", self(call), -2, -1))),
        Map.entry("aten.numpy_T.default", SpecialOps::reversed),
        Map.entry("aten.to.device", SpecialOps::typed),
        Map.entry("aten.native_batch_norm.default", SpecialOps::batchNorm),
        Map.entry("aten._native_batch_norm_legit.default", SpecialOps::batchNorm),
        Map.entry("aten._safe_softmax.default", SpecialOps::safeSoftmax),
        Map.entry("aten.pad.default", SpecialOps::pad));

    private SpecialOps() {
    }

    static Translator find(String name) {
        Translator family = AttentionOps.find(name) != null ? AttentionOps.find(name) : QuantizedOps.find(name);
        return family != null ? family : OPS.get(name);
    }

    private static Arg.Ref self(NodeCall call) {
        return call.tensor("self", 0);
    }

    private static List<Bound> reversed(NodeCall call) {
        int rank = call.type(self(call)).rank();
        return NodeCall.one(call.call("aten.permute.default", self(call),
            new Arg.Ints(IntStream.range(0, rank).mapToObj(d -> SymInt.of(rank - 1 - d)).toList())));
    }

    static Arg.Ref cast(NodeCall call, Arg.Ref x, DType dtype) {
        return call.dtype(x) == dtype ? x : call.call("aten._to_copy.default", x, dtype);
    }

    private static List<Bound> typed(NodeCall call) {
        return NodeCall.one(call.arg("dtype", Arg.NONE) instanceof Arg.Type(DType dtype)
            ? cast(call, self(call), dtype) : self(call));
    }

    private static List<Bound> dropout(NodeCall call) {
        requireInference(call, "train", 2);
        return NodeCall.one(call.tensor("input", 0));
    }

    private static void requireInference(NodeCall call, String flag, int position) {
        if (!call.arg(call.argument(flag, position)).equals(new Arg.Bool(false))) {
            throw new KilnException.Unsupported("training is not supported; call eval() before the export");
        }
    }

    /** The other two results are statistics that only training makes. */
    private static List<Bound> batchNorm(NodeCall call) {
        requireInference(call, "training", 5);
        Arg.Ref result = call.call("aten.batch_norm.default", call.tensor("input", 0), call.arg("weight", Arg.NONE),
            call.arg("bias", Arg.NONE), call.tensor("running_mean", 3), call.tensor("running_var", 4), false,
            call.arg(call.argument("momentum", 6)), call.arg(call.argument("eps", 7)), false);
        return NodeCall.one(result);
    }

    /** A row without any finite score gives zeros. */
    private static List<Bound> safeSoftmax(NodeCall call) {
        Arg dim = call.arg(call.argument("dim", 1));
        Arg.Ref hidden = call.call("aten.eq.Scalar", self(call), Double.NEGATIVE_INFINITY);
        return NodeCall.one(call.call("aten.masked_fill.Scalar", call.call("aten.softmax.int", self(call), dim,
            call.arg("dtype", Arg.NONE)), call.call("aten.all.dim", hidden, dim, true), 0));
    }

    private static List<Bound> pad(NodeCall call) {
        Arg mode = call.arg("mode", new Arg.Str("constant"));
        if (!mode.equals(new Arg.Str("constant"))) {
            throw new KilnException.Unsupported("padding of mode " + mode + " is not supported");
        }
        Arg value = call.arg("value", Arg.NONE);
        return NodeCall.one(call.call("aten.constant_pad_nd.default", self(call), call.arg(call.argument("pad", 1)),
            value.equals(Arg.NONE) ? Arg.of(0) : value));
    }
}
