package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;
import java.util.ArrayList;
import java.util.List;

/** Sequences of tensors inside a model: lists while it is imported, nothing in the graph. */
final class SequenceImports {
    private SequenceImports() {
    }

    static void register(Registry r) {
        r.op("SequenceEmpty", n -> List.of(new Value.Sequence(List.of())));
        r.op("SequenceConstruct", n -> {
            List<Value> values = new ArrayList<>();
            for (int i = 0; i < n.inputs(); i++) {
                values.add(n.value(i));
            }
            return List.of(new Value.Sequence(values));
        });
        r.op("SequenceAt", n -> {
            List<Value> values = values(n);
            return List.of(values.get(position(n, 1, values.size() - 1)));
        });
        r.op("SequenceInsert", n -> {
            List<Value> values = new ArrayList<>(values(n));
            values.add(n.has(2) ? position(n, 2, values.size()) : values.size(), n.value(1));
            return List.of(new Value.Sequence(values));
        });
        r.op("SequenceErase", n -> {
            List<Value> values = new ArrayList<>(values(n));
            values.remove(n.has(1) ? position(n, 1, values.size() - 1) : values.size() - 1);
            return List.of(new Value.Sequence(values));
        });
        r.op("SequenceLength", n -> List.of(new Value.Known(
            KnownInts.scalar(DType.I64, SymInt.of(values(n).size())))));
        r.tensor("ConcatFromSequence", SequenceImports::concat);
        r.op("SplitToSequence", SequenceImports::split);
    }

    private static List<Value> values(NodeImport n) {
        if (n.value(0) instanceof Value.Sequence(List<Value> values)) {
            return values;
        }
        throw new KilnException.BadInput("input 1 is not a sequence");
    }

    /** A position that may count from the end. */
    private static int position(NodeImport n, int input, int last) {
        long position = n.integer(input, "position");
        int size = values(n).size();
        long wrapped = position < 0 ? position + size : position;
        if (wrapped < 0 || wrapped > last) {
            throw new KilnException.BadInput("position " + position + " is out of range for a sequence of " + size);
        }
        return (int) wrapped;
    }

    private static Arg.Ref concat(NodeImport n) {
        List<Value> values = values(n);
        if (values.isEmpty()) {
            throw new KilnException.BadInput("an empty sequence cannot be concatenated");
        }
        long axis = n.attributes().requireInteger("axis");
        if (n.attributes().flag("new_axis", false)) {
            return ScanImport.stack(n, values, axis);
        }
        List<Arg.Ref> tensors = values.stream().map(n.context().values()::tensor).toList();
        return tensors.size() == 1 ? tensors.getFirst()
            : n.call("aten.cat.default", tensors, n.dim(axis, n.rank(tensors.getFirst())));
    }

    /** Into slices of one, or of a length, or of the lengths given. */
    private static List<Value> split(NodeImport n) {
        Arg.Ref x = n.tensor(0);
        int dim = n.dim(n.attributes().integer("axis", 0), n.rank(x));
        long size = n.shapes().specialize(n.type(x).size(dim));
        boolean whole = n.has(1) && n.valueRank(1) == 1;
        long[] given = n.has(1) ? n.integers(1, "split") : new long[] {1};
        List<Value> parts = new ArrayList<>();
        long start = 0;
        for (int i = 0; whole ? i < given.length : start < size; i++) {
            long length = whole ? given[i] : Math.min(given[0], size - start);
            if (length < (whole ? 0 : 1) || start + length > size) {
                throw new KilnException.BadInput("split " + length + " at " + start + " does not fit a size of " + size);
            }
            boolean drops = !n.has(1) && !n.attributes().flag("keepdims", true);
            parts.add(new Value.Tensor(drops ? n.call("aten.select.int", x, dim, start)
                : n.call("aten.slice.Tensor", x, dim, start, start + length)));
            start += length;
        }
        if (start != size) {
            throw new KilnException.BadInput("splits sum to " + start + ", not to the size of " + size);
        }
        return List.of(new Value.Sequence(parts));
    }
}
