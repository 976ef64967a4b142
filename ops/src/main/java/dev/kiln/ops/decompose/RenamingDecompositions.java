package dev.kiln.ops.decompose;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Ops that say the same as another one in other words, and the shape of one tensor given to another. */
final class RenamingDecompositions {
    private static final String OPTIONS = "ScalarType? dtype=None, Layout? layout=None, Device? device=None, "
        + "bool? pin_memory=None, ";

    private RenamingDecompositions() {
    }

    static void define(Definitions d) {
        d.op("expand_as.default(Tensor self, Tensor other) -> Tensor",
            (e, a) -> e.expand(Emit.ref(a, 0), a.tensor(1).sizes()));
        d.op("view_as.default(Tensor self, Tensor other) -> Tensor",
            (e, a) -> e.view(Emit.ref(a, 0), a.tensor(1).sizes()));
        d.op("reshape_as.default(Tensor self, Tensor other) -> Tensor",
            (e, a) -> e.view(Emit.ref(a, 0), a.tensor(1).sizes()));
        d.op("type_as.default(Tensor self, Tensor other) -> Tensor",
            (e, a) -> e.cast(Emit.ref(a, 0), a.tensor(1).dtype()));
        d.op("to.other(Tensor self, Tensor other, bool non_blocking=False, bool copy=False, "
            + "MemoryFormat? memory_format=None) -> Tensor", (e, a) -> e.cast(Emit.ref(a, 0), a.tensor(1).dtype()));
        d.op("to.dtype_layout(Tensor self, *, " + OPTIONS + "bool non_blocking=False, bool copy=False, "
            + "MemoryFormat? memory_format=None) -> Tensor",
            (e, a) -> e.cast(Emit.ref(a, 0), a.dtype(1).orElse(a.tensor(0).dtype())));
        d.op("atan2.out(Tensor self, Tensor other, *, Tensor out) -> Tensor", (e, a) ->
            e.cast(e.call("atan2.default", a.arg(0), a.arg(1)), a.tensor(2).dtype()));
        d.op("resize_.default(Tensor self, SymInt[] size, *, MemoryFormat? memory_format=None) -> Tensor",
            RenamingDecompositions::resize);
        d.op("swapaxes.default(Tensor self, int axis0, int axis1) -> Tensor",
            (e, a) -> e.call("transpose.int", a.arg(0), a.arg(1), a.arg(2)));
        d.op("swapdims.default(Tensor self, int dim0, int dim1) -> Tensor",
            (e, a) -> e.call("transpose.int", a.arg(0), a.arg(1), a.arg(2)));
        d.op("moveaxis.int(Tensor self, int source, int destination) -> Tensor",
            (e, a) -> e.call("movedim.int", a.arg(0), a.arg(1), a.arg(2)));
        d.op("movedim.intlist(Tensor self, int[] source, int[] destination) -> Tensor", RenamingDecompositions::moved);
        d.op("ravel.default(Tensor self) -> Tensor", (e, a) -> e.view(Emit.ref(a, 0), List.of(a.tensor(0).numel())));
        d.op("concat.default(Tensor[] tensors, int dim=0) -> Tensor", (e, a) -> e.call("cat.default", a.arg(0), a.arg(1)));
        d.op("clip.default(Tensor self, Scalar? min=None, Scalar? max=None) -> Tensor",
            (e, a) -> e.call("clamp.default", a.arg(0), a.arg(1), a.arg(2)));
        for (String[] same : new String[][] {{"multiply", "mul"}, {"subtract", "sub"}, {"divide", "div"},
            {"true_divide", "div"}, {"greater", "gt"}, {"greater_equal", "ge"}, {"less", "lt"}, {"less_equal", "le"},
            {"not_equal", "ne"}}) {
            d.op(same[0] + ".Tensor(Tensor self, Tensor other) -> Tensor",
                (e, a) -> e.call(same[1] + ".Tensor", a.arg(0), a.arg(1)));
        }
        for (String part : List.of("chunk.default(Tensor self, int chunks", "split.Tensor(Tensor self, SymInt split_size",
            "split_with_sizes.default(Tensor self, SymInt[] split_sizes")) {
            String own = part.substring(0, part.indexOf('('));
            d.list("unsafe_" + part + ", int dim=0) -> Tensor[]", (e, a) -> outputs(e, own, a));
        }
        d.list("split.sizes(Tensor self, SymInt[] split_size, int dim=0) -> Tensor[]",
            (e, a) -> outputs(e, "split_with_sizes.default", a));
    }

    private static List<Arg.Ref> outputs(Emit e, String op, OpArgs a) {
        Arg.Ref first = e.call(op, a.arg(0), a.arg(1), a.arg(2));
        int count = e.g().node(first).outputs().size();
        return IntStream.range(0, count).mapToObj(i -> new Arg.Ref(first.node(), i)).toList();
    }

    /** The elements in order; what is new is zero. */
    private static Arg.Ref resize(Emit e, OpArgs a) {
        SymInt old = a.tensor(0).numel();
        SymInt wanted = SymInt.product(a.sizes(1));
        Arg.Ref flat = e.view(Emit.ref(a, 0), List.of(old));
        Arg.Ref fitted = a.shapes().less(old, wanted)
            ? e.call("constant_pad_nd.default", flat, new Arg.Ints(List.of(SymInt.ZERO, wanted.minus(old))), 0)
            : e.slice(flat, 0, SymInt.ZERO, wanted);
        return e.view(fitted, a.sizes(1));
    }

    private static Arg.Ref moved(Emit e, OpArgs a) {
        int rank = a.tensor(0).rank();
        int[] from = a.integers(1);
        int[] to = a.integers(2);
        if (from.length != to.length) {
            throw a.error(from.length + " sources, but " + to.length + " destinations");
        }
        Integer[] order = new Integer[rank];
        List<Integer> rest = new ArrayList<>(IntStream.range(0, rank).boxed().toList());
        for (int i = 0; i < from.length; i++) {
            Integer source = a.wrapDim(from[i], rank);
            order[a.wrapDim(to[i], rank)] = source;
            rest.remove(source);
        }
        for (int d = 0; d < rank; d++) {
            order[d] = order[d] == null ? rest.removeFirst() : order[d];
        }
        return e.permute(Emit.ref(a, 0), List.of(order));
    }
}
