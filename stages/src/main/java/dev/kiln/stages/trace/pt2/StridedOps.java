package dev.kiln.stages.trace.pt2;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.pt2.schema.Argument;
import dev.kiln.stages.trace.pt2.schema.TensorMeta;
import java.util.List;

/** Views by strides: what they address in memory must lie there in row-major order. */
final class StridedOps {
    private static final long MAX_TABLE = 1 << 22;

    private StridedOps() {
    }

    static List<Bound> asStrided(NodeCall call) {
        Arg.Ref self = call.tensor("self", 0);
        requireRowMajor(call, call.type(self));
        List<SymInt> sizes = sizes(call, "size", 1);
        List<SymInt> strides = sizes(call, "stride", 2);
        SymInt offset = call.arg("storage_offset", Arg.of(0)) instanceof Arg.Int(SymInt value) ? value : SymInt.ZERO;
        if (sizes.size() != strides.size()) {
            throw new KilnException.BadInput(sizes.size() + " sizes, but " + strides.size() + " strides");
        }
        boolean same = offset.is(0) && call.type(self).numel().equals(SymInt.product(sizes));
        List<SymInt> dense = FakeTensor.contiguousStrides(sizes);
        for (int d = 0; d < sizes.size(); d++) {
            same &= sizes.get(d).is(1) || strides.get(d).equals(dense.get(d));
        }
        return NodeCall.one(same ? call.call("aten.view.default", self, sizes) : gathered(call, self, sizes, strides,
            offset));
    }

    private static List<SymInt> sizes(NodeCall call, String name, int position) {
        if (call.arg(call.argument(name, position)) instanceof Arg.Ints(List<SymInt> values)) {
            return values;
        }
        throw new KilnException.BadInput("argument '" + name + "' is no list of integers");
    }

    private static void requireRowMajor(NodeCall call, FakeTensor type) {
        TensorMeta meta = call.argument("self", 0) instanceof Argument.Tensor(String name)
            ? call.scope().graph().tensors().get(name) : null;
        boolean known = meta != null && meta.strides().size() == type.rank();
        List<SymInt> dense = type.strides();
        for (int d = 0; known && d < type.rank(); d++) {
            known = type.size(d).is(1) || call.symbols().size(meta.strides().get(d)).equals(dense.get(d));
        }
        if (!known) {
            throw new KilnException.Unsupported("the tensor does not lie in row-major order");
        }
    }

    /** By a table of places. */
    private static Arg.Ref gathered(NodeCall call, Arg.Ref self, List<SymInt> sizes, List<SymInt> strides,
            SymInt offset) {
        if (!SymInt.product(sizes).isConstant() || !offset.isConstant() || !strides.stream()
            .allMatch(SymInt::isConstant)
                || SymInt.product(sizes).asLong() > MAX_TABLE) {
            throw new KilnException.Unsupported("strides " + strides + " for sizes " + sizes + " are not supported");
        }
        ConstantValue places = ConstantValue.allocate(DType.I64, List.of(SymInt.product(sizes).asLong()));
        for (long i = 0; i < places.numel(); i++) {
            long rest = i;
            long place = offset.asLong();
            for (int d = sizes.size() - 1; d >= 0; d--) {
                place += rest % sizes.get(d).asLong() * strides.get(d).asLong();
                rest /= sizes.get(d).asLong();
            }
            places.set(i, place);
        }
        Arg.Ref flat = call.call("aten.reshape.default", self, List.of(call.type(self).numel()));
        return call.call("aten.view.default", call.call("aten.index_select.default", flat, 0,
            call.builder().constant("places", places)), sizes);
    }
}
