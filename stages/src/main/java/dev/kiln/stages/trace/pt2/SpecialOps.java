package dev.kiln.stages.trace.pt2;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpTable;
import dev.kiln.ops.shape.SymInt;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Operators of exports that are another operator in Kiln. */
final class SpecialOps {
    private static final Map<String, Translator> OPS = Map.ofEntries(
        Map.entry("aten._reshape_alias.default", call -> NodeCall.one(call.call("aten.view.default",
            self(call), call.arg(call.argument("size", 1))))),
        Map.entry("aten.as_strided.default", StridedOps::asStrided),
        Map.entry("aten.lift_fresh.default", call -> NodeCall.one(self(call))),
        Map.entry("aten.detach_.default", call -> NodeCall.one(self(call))),
        Map.entry("aten.dropout.default", SpecialOps::dropout),
        Map.entry("aten.feature_dropout.default", SpecialOps::dropout),
        Map.entry("aten.dropout_.default", SpecialOps::dropout),
        Map.entry("aten.unsafe_split.Tensor", renamed("aten.split.Tensor")),
        Map.entry("aten.unsafe_split_with_sizes.default", renamed("aten.split_with_sizes.default")),
        Map.entry("aten.unsafe_chunk.default", renamed("aten.chunk.default")),
        Map.entry("aten.swapaxes.default", call -> transposed(call, "axis0", "axis1")),
        Map.entry("aten.swapdims.default", call -> transposed(call, "dim0", "dim1")),
        Map.entry("aten.mT.default", call -> NodeCall.one(call.call("aten.transpose.int", self(call), -2, -1))),
        Map.entry("aten.numpy_T.default", SpecialOps::reversed),
        Map.entry("aten.expand_as.default", call -> NodeCall.one(call.call("aten.expand.default", self(call),
            call.type(other(call)).sizes()))),
        Map.entry("aten.view_as.default", call -> NodeCall.one(call.call("aten.view.default", self(call),
            call.type(other(call)).sizes()))),
        Map.entry("aten.type_as.default", call -> NodeCall.one(cast(call, self(call), call.dtype(other(call))))),
        Map.entry("aten.to.other", call -> NodeCall.one(cast(call, self(call), call.dtype(other(call))))),
        Map.entry("aten.to.device", SpecialOps::typed),
        Map.entry("aten.to.dtype_layout", SpecialOps::typed),
        Map.entry("aten.fill.Tensor", call -> NodeCall.one(call.call("aten.expand.default", cast(call,
            call.tensor("value", 1), call.dtype(self(call))), call.type(self(call)).sizes()))),
        Map.entry("aten.var.dim", SpecialOps::variance),
        Map.entry("aten.native_batch_norm.default", SpecialOps::batchNorm),
        Map.entry("aten._native_batch_norm_legit.default", SpecialOps::batchNorm),
        Map.entry("aten._safe_softmax.default", renamed("aten.softmax.int")),
        Map.entry("aten.pad.default", SpecialOps::pad));

    private SpecialOps() {
    }

    static Translator find(String name) {
        Translator attention = AttentionOps.find(name);
        return attention != null ? attention : OPS.get(name);
    }

    private static Arg.Ref self(NodeCall call) {
        return call.tensor("self", 0);
    }

    private static Arg.Ref other(NodeCall call) {
        return call.tensor("other", 1);
    }

    /** The same arguments under another operator. */
    private static Translator renamed(String overload) {
        return call -> AtenCall.translate(OpTable.get(overload), call);
    }

    private static List<Bound> transposed(NodeCall call, String first, String second) {
        return NodeCall.one(call.call("aten.transpose.int", self(call), call.arg(call.argument(first, 1)),
            call.arg(call.argument(second, 2))));
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

    private static List<Bound> variance(NodeCall call) {
        boolean biased = call.arg("unbiased", new Arg.Bool(true)).equals(new Arg.Bool(false));
        return NodeCall.one(call.call("aten.var.correction", self(call), call.arg(call.argument("dim", 1)),
            biased ? 0 : 1, call.arg("keepdim", new Arg.Bool(false))));
    }

    /** The other two results are statistics that only training makes. */
    private static List<Bound> batchNorm(NodeCall call) {
        requireInference(call, "training", 5);
        Arg.Ref result = call.call("aten.batch_norm.default", call.tensor("input", 0), call.arg("weight", Arg.NONE),
            call.arg("bias", Arg.NONE), call.tensor("running_mean", 3), call.tensor("running_var", 4), false,
            call.arg(call.argument("momentum", 6)), call.arg(call.argument("eps", 7)), false);
        return NodeCall.one(result);
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
