package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/** Grids, splits and stacks by name of direction, diagonals, rotations, differences. */
final class ArrangingDecompositions {
    private static final String OPTIONS = "*, ScalarType? dtype=None, Layout? layout=None, Device? device=None, "
        + "bool? pin_memory=None) -> Tensor";

    private ArrangingDecompositions() {
    }

    static void define(Definitions d) {
        d.list("meshgrid.default(Tensor[] tensors) -> Tensor[]", (e, a) -> grid(e, a, false));
        d.list("meshgrid.indexing(Tensor[] tensors, *, str indexing) -> Tensor[]",
            (e, a) -> grid(e, a, a.string(1).equals("xy")));
        splits(d);
        stacks(d);
        d.op("fliplr.default(Tensor self) -> Tensor", (e, a) -> e.call("flip.default", a.arg(0), Arg.ints(1)));
        d.op("flipud.default(Tensor self) -> Tensor", (e, a) -> e.call("flip.default", a.arg(0), Arg.ints(0)));
        d.op("rot90.default(Tensor self, int k=1, int[] dims=[0,1]) -> Tensor", ArrangingDecompositions::rotated);
        d.op("diag_embed.default(Tensor self, int offset=0, int dim1=-2, int dim2=-1) -> Tensor", (e, a) ->
            diagonal(e, Emit.ref(a, 0), a.integer(1), a.dim(2, a.tensor(0).rank() + 1),
                a.dim(3, a.tensor(0).rank() + 1)));
        d.op("diag.default(Tensor self, int diagonal=0) -> Tensor", (e, a) -> a.tensor(0).rank() == 1
            ? diagonal(e, Emit.ref(a, 0), a.integer(1), 0, 1) : e.call("diagonal.default", a.arg(0), a.arg(1)));
        d.op("diagflat.default(Tensor self, int offset=0) -> Tensor", (e, a) ->
            diagonal(e, e.view(Emit.ref(a, 0), List.of(a.tensor(0).numel())), a.integer(1), 0, 1));
        d.op("block_diag.default(Tensor[] tensors) -> Tensor", ArrangingDecompositions::blocks);
        d.op("diff.default(Tensor self, int n=1, int dim=-1, Tensor? prepend=None, Tensor? append=None) -> Tensor",
            ArrangingDecompositions::difference);
        d.op("sum_to_size.default(Tensor self, SymInt[] size) -> Tensor", ArrangingDecompositions::summed);
        d.op("tril_indices.default(int row, int col, int offset=0, " + OPTIONS, (e, a) -> triangle(e, a, true));
        d.op("triu_indices.default(int row, int col, int offset=0, " + OPTIONS, (e, a) -> triangle(e, a, false));
        d.op("cartesian_prod.default(Tensor[] tensors) -> Tensor", (e, a) -> {
            List<Arg.Ref> columns = grid(e, a, false).stream()
                .map(g -> e.call("reshape.default", g, Arg.ints(-1))).toList();
            return columns.size() == 1 ? columns.getFirst() : e.call("stack.default", columns, 1);
        });
        d.op("moveaxis.intlist(Tensor self, int[] source, int[] destination) -> Tensor",
            (e, a) -> e.call("movedim.intlist", a.arg(0), a.arg(1), a.arg(2)));
        d.op("native_channel_shuffle.default(Tensor self, SymInt groups) -> Tensor",
            (e, a) -> e.call("channel_shuffle.default", a.arg(0), a.arg(1)));
    }

    private static List<Arg.Ref> refs(OpArgs a) {
        return ((Arg.Refs) a.arg(0)).refs();
    }

    private static List<Arg.Ref> grid(Emit e, OpArgs a, boolean swapped) {
        List<Arg.Ref> given = refs(a);
        List<SymInt> sizes = new ArrayList<>(given.stream().map(t -> e.tensor(t).numel()).toList());
        boolean swaps = swapped && sizes.size() > 1;
        if (swaps) {
            Collections.swap(sizes, 0, 1);
        }
        List<Arg.Ref> grids = new ArrayList<>();
        for (int i = 0; i < given.size(); i++) {
            if (e.rank(given.get(i)) > 1) {
                throw a.error("vectors expected, got " + e.tensor(given.get(i)));
            }
            int dim = swaps && i < 2 ? 1 - i : i;
            List<SymInt> shape = new ArrayList<>(Collections.nCopies(sizes.size(), SymInt.ONE));
            shape.set(dim, sizes.get(dim));
            grids.add(e.expand(e.view(given.get(i), shape), sizes));
        }
        return grids;
    }

    private static void splits(Definitions d) {
        d.list("tensor_split.sections(Tensor self, SymInt sections, int dim=0) -> Tensor[]",
            (e, a) -> sections(e, a, a.dim(2, a.tensor(0).rank())));
        d.list("tensor_split.indices(Tensor self, SymInt[] indices, int dim=0) -> Tensor[]",
            (e, a) -> between(e, a, a.dim(2, a.tensor(0).rank())));
        String[] names = {"vsplit", "hsplit", "dsplit"};
        for (int i = 0; i < names.length; i++) {
            int dim = i;
            d.list(names[i] + ".int(Tensor self, int sections) -> Tensor[]", (e, a) -> sections(e, a, axis(a, dim)));
            d.list(names[i] + ".array(Tensor self, int[] indices) -> Tensor[]", (e, a) -> between(e, a, axis(a, dim)));
        }
    }

    /** hsplit of a vector splits its only dimension. */
    private static int axis(OpArgs a, int dim) {
        return dim == 1 && a.tensor(0).rank() == 1 ? 0 : a.wrapDim(dim, a.tensor(0).rank());
    }

    /** The first sections are longer by one if the size is no multiple. */
    private static List<Arg.Ref> sections(Emit e, OpArgs a, int dim) {
        long size = a.shapes().specialize(a.tensor(0).size(dim));
        long count = a.integer(1);
        if (count < 1) {
            throw a.error("a positive number of sections expected, got " + count);
        }
        List<Arg.Ref> parts = new ArrayList<>();
        long at = 0;
        for (long i = 0; i < count; i++) {
            long end = at + size / count + (i < size % count ? 1 : 0);
            parts.add(e.slice(Emit.ref(a, 0), dim, SymInt.of(at), SymInt.of(end)));
            at = end;
        }
        return parts;
    }

    private static List<Arg.Ref> between(Emit e, OpArgs a, int dim) {
        List<SymInt> bounds = new ArrayList<>(a.sizes(1));
        bounds.addFirst(SymInt.ZERO);
        bounds.addLast(a.tensor(0).size(dim));
        return IntStream.range(0, bounds.size() - 1)
            .mapToObj(i -> e.slice(Emit.ref(a, 0), dim, bounds.get(i), bounds.get(i + 1))).toList();
    }

    private static void stacks(Definitions d) {
        for (int n = 1; n <= 3; n++) {
            int rank = n;
            d.op("atleast_" + n + "d.default(Tensor self) -> Tensor", (e, a) -> atLeast(e, Emit.ref(a, 0), rank));
            d.list("atleast_" + n + "d.Sequence(Tensor[] tensors) -> Tensor[]",
                (e, a) -> refs(a).stream().map(t -> atLeast(e, t, rank)).toList());
        }
        for (String name : List.of("vstack", "row_stack")) {
            d.op(name + ".default(Tensor[] tensors) -> Tensor",
                (e, a) -> e.cat(refs(a).stream().map(t -> atLeast(e, t, 2)).toList(), 0));
        }
        d.op("hstack.default(Tensor[] tensors) -> Tensor", (e, a) -> {
            List<Arg.Ref> parts = refs(a).stream().map(t -> atLeast(e, t, 1)).toList();
            return e.cat(parts, e.rank(parts.getFirst()) == 1 ? 0 : 1);
        });
        d.op("dstack.default(Tensor[] tensors) -> Tensor",
            (e, a) -> e.cat(refs(a).stream().map(t -> atLeast(e, t, 3)).toList(), 2));
        d.op("column_stack.default(Tensor[] tensors) -> Tensor", (e, a) -> e.cat(refs(a).stream()
            .map(t -> e.rank(t) < 2 ? e.view(t, List.of(e.tensor(t).numel(), SymInt.ONE)) : t).toList(), 1));
    }

    /** New dimensions stand in front, but a third one at the end. */
    private static Arg.Ref atLeast(Emit e, Arg.Ref x, int rank) {
        List<SymInt> sizes = new ArrayList<>(e.tensor(x).sizes());
        while (sizes.size() < Math.min(rank, 2)) {
            sizes.addFirst(SymInt.ONE);
        }
        if (sizes.size() < rank) {
            sizes.addLast(SymInt.ONE);
        }
        return e.view(x, sizes);
    }

    private static Arg.Ref rotated(Emit e, OpArgs a) {
        int rank = a.tensor(0).rank();
        int first = a.wrapDim(a.integers(2)[0], rank);
        int second = a.wrapDim(a.integers(2)[1], rank);
        Arg.Ref x = Emit.ref(a, 0);
        return switch ((int) Math.floorMod(a.integer(1), 4L)) {
            case 1 -> e.call("transpose.int", e.call("flip.default", x, Arg.ints(second)), first, second);
            case 2 -> e.call("flip.default", x, Arg.ints(first, second));
            case 3 -> e.call("transpose.int", e.call("flip.default", x, Arg.ints(first)), first, second);
            default -> e.unary("clone", x);
        };
    }

    /** The last dimension on a diagonal of two new ones, zeros beside it. */
    private static Arg.Ref diagonal(Emit e, Arg.Ref x, long offset, int dim1, int dim2) {
        int n = e.rank(x) - 1;
        SymInt length = e.tensor(x).size(n);
        SymInt side = length.plus(Math.abs(offset));
        Arg.Ref padded = offset == 0 ? x : e.call("constant_pad_nd.default", x,
            Arg.ints(Math.max(0, -offset), Math.max(0, offset)), 0);
        Arg.Ref rows = e.positions(side, 0, 2);
        Arg.Ref on = e.call("eq.Tensor", offset == 0 ? rows : e.add(rows, offset), e.positions(side, 1, 2));
        Arg.Ref own = e.unsqueeze(padded, n + 1);
        Arg.Ref square = e.where(on, own, e.number(0, e.dtype(x)));
        List<Integer> order = new ArrayList<>(IntStream.range(0, n).boxed().toList());
        int low = Math.min(dim1, dim2);
        order.add(low, dim1 < dim2 ? n : n + 1);
        order.add(Math.max(dim1, dim2), dim1 < dim2 ? n + 1 : n);
        return e.permute(square, order);
    }

    private static Arg.Ref blocks(Emit e, OpArgs a) {
        List<Arg.Ref> parts = refs(a).stream().map(t -> atLeast(e, t, 2)).toList();
        SymInt width = parts.stream().map(p -> e.tensor(p).size(1)).reduce(SymInt.ZERO, SymInt::plus);
        List<Arg.Ref> rows = new ArrayList<>();
        SymInt at = SymInt.ZERO;
        for (Arg.Ref part : parts) {
            SymInt end = at.plus(e.tensor(part).size(1));
            rows.add(e.call("constant_pad_nd.default", part, new Arg.Ints(List.of(at, width.minus(end))), 0));
            at = end;
        }
        return e.cat(rows, 0);
    }

    private static Arg.Ref difference(Emit e, OpArgs a) {
        int dim = a.dim(2, a.tensor(0).rank());
        List<Arg.Ref> parts = new ArrayList<>();
        for (int position : new int[] {3, 0, 4}) {
            if (!a.isNone(position)) {
                parts.add(Emit.ref(a, position));
            }
        }
        Arg.Ref x = e.cat(parts, dim);
        for (long i = 0; i < a.integer(1); i++) {
            SymInt size = e.tensor(x).size(dim);
            if (size.is(0)) {
                return x;
            }
            Arg.Ref later = e.slice(x, dim, SymInt.ONE, size);
            Arg.Ref before = e.slice(x, dim, SymInt.ZERO, size.plus(-1));
            x = e.dtype(x) == DType.BOOL ? e.call("logical_xor.default", later, before) : e.sub(later, before);
        }
        return x;
    }

    private static Arg.Ref summed(Emit e, OpArgs a) {
        FakeTensor self = a.tensor(0);
        List<SymInt> size = a.sizes(1);
        int lead = self.rank() - size.size();
        if (lead < 0) {
            throw a.error("size " + size + " has more dimensions than " + self);
        }
        long[] dims = IntStream.range(0, self.rank())
            .filter(d -> d < lead || size.get(d - lead).is(1) && !self.size(d).is(1)).asLongStream().toArray();
        Arg.Ref sum = dims.length == 0 ? Emit.ref(a, 0)
            : e.sum(Emit.ref(a, 0), Arg.ints(dims), true);
        return e.view(sum, size);
    }

    /** Rows, then columns of a triangle's elements: [2, count]. */
    private static Arg.Ref triangle(Emit e, OpArgs a, boolean lower) {
        long offset = a.integer(2);
        long[] places = IntStream.range(0, Math.toIntExact(a.integer(0) * a.integer(1))).asLongStream().filter(i -> {
            long over = i % a.integer(1) - i / a.integer(1) - offset;
            return lower ? over <= 0 : over >= 0;
        }).toArray();
        long[] values = new long[2 * places.length];
        Arrays.setAll(values, i -> i < places.length ? places[i] / a.integer(1)
            : places[i - places.length] % a.integer(1));
        Arg.Ref constant = e.g().constant("triangle", ConstantValue.longs(List.of(2L, (long) places.length), values));
        return e.cast(constant, a.dtype(3).orElse(DType.I64));
    }
}
