package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.aten.SliceBounds;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Ops that cut, join, turn and pad. */
final class LayoutImports {
    /** Bounds beyond this, either way, mean "to the end", as exporters write INT_MAX or INT64_MAX. */
    private static final long FAR = Integer.MAX_VALUE;

    private LayoutImports() {
    }

    static void register(Registry r) {
        r.tensor("Transpose", n -> {
            int rank = n.rank(n.tensor(0));
            long[] reversed = IntStream.range(0, rank).mapToLong(d -> rank - 1 - d).toArray();
            long[] order = n.attributes().integers("perm").orElse(reversed);
            return n.call("aten.permute.default", n.tensor(0), order);
        });
        r.tensor("Concat", LayoutImports::concat);
        r.tensor("Slice", n -> DataSlice.applies(n) ? DataSlice.translate(n) : slice(n));
        r.tensors("Split", LayoutImports::split);
        r.tensor("Pad", LayoutImports::pad);
    }

    private static Arg.Ref concat(NodeImport n) {
        for (int i = 1; i < n.inputs(); i++) {
            ElementwiseImports.sameDType(n, 0, i);
        }
        int dim = n.dim(n.attributes().integer("axis", 1), n.valueRank(0));
        return n.inputs() == 1 ? n.tensor(0) : n.call("aten.cat.default", n.tensors(), dim);
    }

    private static Arg.Ref slice(NodeImport n) {
        Arg.Ref x = n.tensor(0);
        SliceSpec spec = SliceSpec.of(n, n.rank(x));
        for (int i = 0; i < spec.axes().length; i++) {
            SymInt start = spec.starts().get(i);
            SymInt end = spec.ends().get(i);
            x = spec.steps()[i] > 0 ? forward(n, x, spec.axes()[i], start, end, spec.steps()[i])
                : backward(n, x, spec.axes()[i], start, end, -spec.steps()[i]);
        }
        return x;
    }

    static Arg.Ref forward(NodeImport n, Arg.Ref x, int axis, SymInt start, SymInt end, long step) {
        SymInt from = isFar(start, -1) ? SymInt.ZERO : isFar(start, 1) ? n.type(x).size(axis) : start;
        SymInt to = isFar(end, 1) ? SymInt.of(Long.MAX_VALUE) : isFar(end, -1) ? SymInt.ZERO : end;
        boolean whole = from.is(0) && step == 1 && (to.is(Long.MAX_VALUE) || to.equals(n.type(x).size(axis)));
        return whole ? x : n.call("aten.slice.Tensor", x, axis, from, to, step);
    }

    /** A backward slice is a forward one of the flipped tensor. */
    private static Arg.Ref backward(NodeImport n, Arg.Ref x, int axis, SymInt start, SymInt end, long step) {
        SymInt last = n.type(x).size(axis).plus(-1);
        SymInt from = isFar(start, 1) ? last : clamp(n.shapes(), start, SymInt.ZERO, last);
        SymInt to = isFar(end, -1) ? SymInt.of(-1) : clamp(n.shapes(), end, SymInt.of(-1), last);
        Arg.Ref flipped = n.call("aten.flip.default", x, new long[] {axis});
        return forward(n, flipped, axis, last.minus(from), last.minus(to), step);
    }

    private static SymInt clamp(ShapeEnv shapes, SymInt bound, SymInt low, SymInt high) {
        SymInt index = SliceBounds.fromStart(shapes, bound, high.plus(1));
        return shapes.less(index, low) ? low : shapes.less(high, index) ? high : index;
    }

    private static boolean isFar(SymInt bound, int sign) {
        return bound.isConstant() && (sign > 0 ? bound.asLong() >= FAR : bound.asLong() <= -FAR);
    }

    /**
     * Sizes are an attribute before opset 13, then an input; without them the parts are equal but for the
     * last.
     */
    private static List<Arg.Ref> split(NodeImport n) {
        Arg.Ref x = n.tensor(0);
        int dim = n.dim(n.attributes().integer("axis", 0), n.rank(x));
        List<SymInt> parts = n.has(1) ? n.sizes(1, "split") : n.attributes().integers("split")
            .map(s -> java.util.Arrays.stream(s).mapToObj(SymInt::of).toList()).orElse(null);
        SymInt size = n.type(x).size(dim);
        SymInt count = SymInt.of(n.outputs());
        SymInt chunk = size.plus(count).plus(-1).floorDiv(count);
        List<Arg.Ref> results = new ArrayList<>();
        SymInt start = SymInt.ZERO;
        for (int i = 0; i < n.outputs(); i++) {
            boolean last = i == n.outputs() - 1;
            SymInt end = parts != null ? start.plus(parts.get(i)) : last ? size : start.plus(chunk);
            results.add(n.call("aten.slice.Tensor", x, dim, start, end));
            start = end;
        }
        n.shapes().require(start, size, "the parts and the whole of axis " + dim);
        return results;
    }

    private static Arg.Ref pad(NodeImport n) {
        Arg.Ref x = n.tensor(0);
        int rank = n.rank(x);
        List<SymInt> given = n.has(1) ? n.sizes(1, "pads")
            : java.util.Arrays.stream(n.attributes().requireIntegers("pads")).mapToObj(SymInt::of).toList();
        int[] axes = n.has(3) ? n.dims(n.integers(3, "axes"), rank) : IntStream.range(0, rank).toArray();
        if (given.size() != 2 * axes.length) {
            throw new KilnException.BadInput(given.size() + " pads for " + axes.length + " axes");
        }
        String mode = n.attributes().string("mode", "constant");
        if (!mode.equals("constant")) {
            for (int i = 0; i < axes.length; i++) {
                x = PadIndices.pad(n, x, axes[i], mode, given.get(i), given.get(i + axes.length));
            }
            return x;
        }
        SymInt[] pads = new SymInt[2 * rank];
        java.util.Arrays.fill(pads, SymInt.ZERO);
        for (int i = 0; i < axes.length; i++) {
            int position = 2 * (rank - 1 - axes[i]);
            pads[position] = given.get(i);
            pads[position + 1] = given.get(i + axes.length);
        }
        return n.call("aten.constant_pad_nd.default", x, List.of(pads), padValue(n));
    }

    private static Arg padValue(NodeImport n) {
        if (!n.has(2)) {
            float value = n.attributes().real("value", 0);
            return n.valueType(0).isFloating() ? new Arg.Real(value) : Arg.of((long) value);
        }
        ConstantValue value = n.required(2, "constant_value");
        return value.numel() == 0 ? Arg.of(0) : NodeImport.number(value, 0);
    }
}
