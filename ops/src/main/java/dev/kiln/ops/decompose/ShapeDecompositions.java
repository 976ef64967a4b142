package dev.kiln.ops.decompose;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/** Splitting, stacking, repeating and renaming of dimensions. */
final class ShapeDecompositions {
    private ShapeDecompositions() {
    }

    static void define(Definitions d) {
        d.list("split.Tensor(Tensor self, SymInt split_size, int dim=0) -> Tensor[]",
            (e, a) -> chunks(e, a, a.integer(1), a.dim(2, a.tensor(0).rank())));
        d.list("split_with_sizes.default(Tensor self, SymInt[] split_sizes, int dim=0) -> Tensor[]",
            (e, a) -> parts(e, a, a.sizes(1), a.dim(2, a.tensor(0).rank())));
        d.list("chunk.default(Tensor self, int chunks, int dim=0) -> Tensor[]", (e, a) -> {
            int dim = a.dim(2, a.tensor(0).rank());
            if (a.integer(1) <= 0) {
                throw a.error("a positive number of chunks expected, got " + a.integer(1));
            }
            long size = a.shapes().specialize(a.tensor(0).size(dim));
            List<SymInt> empty = Collections.nCopies((int) a.integer(1), SymInt.ZERO);
            return size == 0 ? parts(e, a, empty, dim) : chunks(e, a, Math.ceilDiv(size, a.integer(1)), dim);
        });
        d.list("unbind.int(Tensor self, int dim=0) -> Tensor[]", (e, a) -> {
            int dim = a.dim(1, a.tensor(0).rank());
            long count = a.shapes().specialize(a.tensor(0).size(dim));
            return IntStream.range(0, Math.toIntExact(count)).mapToObj(i ->
                e.call("select.int", a.arg(0), dim, i))
                .toList();
        });
        d.op("stack.default(Tensor[] tensors, int dim=0) -> Tensor", (e, a) -> {
            int dim = a.dim(1, a.tensorList(0).getFirst().rank() + 1);
            return e.cat(((Arg.Refs) a.arg(0)).refs().stream().map(t -> e.unsqueeze(t, dim)).toList(), dim);
        });
        d.op("repeat.default(Tensor self, SymInt[] repeats) -> Tensor", (e, a) -> repeat(e, a, a.sizes(1)));
        d.op("tile.default(Tensor self, SymInt[] dims) -> Tensor", (e, a) -> {
            int missing = Math.max(0, a.tensor(0).rank() - a.sizes(1).size());
            List<SymInt> repeats = new ArrayList<>(Collections.nCopies(missing, SymInt.ONE));
            repeats.addAll(a.sizes(1));
            return repeat(e, a, repeats);
        });
        d.op("repeat_interleave.self_int(Tensor self, SymInt repeats, int? dim=None, *, "
            + "SymInt? output_size=None) "
            + "-> Tensor", ShapeDecompositions::repeatInterleave);
        d.op("roll.default(Tensor self, SymInt[] shifts, int[] dims=[]) -> Tensor",
            ShapeDecompositions::roll);
        d.op("flatten.using_ints(Tensor self, int start_dim=0, int end_dim=-1) -> Tensor",
            ShapeDecompositions::flatten);
        d.op("unflatten.int(Tensor self, int dim, SymInt[] sizes) -> Tensor", (e, a) -> {
            List<SymInt> sizes = new ArrayList<>(a.tensor(0).sizes());
            int dim = a.dim(1, sizes.size());
            SymInt whole = sizes.remove(dim);
            sizes.addAll(dim, inferred(a, whole, a.sizes(2)));
            return e.view(Emit.ref(a, 0), sizes);
        });
        d.op("movedim.int(Tensor self, int source, int destination) -> Tensor", (e, a) -> {
            List<Integer> dims = new ArrayList<>(IntStream.range(0, a.tensor(0).rank()).boxed().toList());
            Integer moved = dims.remove(a.dim(1, a.tensor(0).rank()));
            dims.add(a.dim(2, a.tensor(0).rank()), moved);
            return e.permute(Emit.ref(a, 0), dims);
        });
        d.op("narrow.default(Tensor self, int dim, SymInt start, SymInt length) -> Tensor",
            (e, a) -> e.slice(Emit.ref(a, 0), a.dim(1, a.tensor(0).rank()), a.size(2),
                a.size(2).plus(a.size(3))));
        d.op("broadcast_to.default(Tensor self, SymInt[] size) -> Tensor",
            (e, a) -> e.expand(Emit.ref(a, 0), a.sizes(1)));
        d.op("copy.default(Tensor self, Tensor src, bool non_blocking=False) -> Tensor",
            (e, a) -> e.expand(e.cast(Emit.ref(a, 1), a.tensor(0).dtype()), a.tensor(0).sizes()));
        d.op("pixel_shuffle.default(Tensor self, int upscale_factor) -> Tensor",
            ShapeDecompositions::pixelShuffle);
    }

    private static List<Arg.Ref> chunks(Emit e, OpArgs a, long chunk, int dim) {
        long size = a.shapes().specialize(a.tensor(0).size(dim));
        if (chunk < 0 || (chunk == 0 && size != 0)) {
            throw a.error("split size " + chunk + " does not fit size " + size);
        }
        List<SymInt> sizes = new ArrayList<>();
        for (long at = 0; at < size || sizes.isEmpty(); at += chunk) {
            sizes.add(SymInt.of(Math.min(chunk, size - at)));
        }
        return parts(e, a, sizes, dim);
    }

    private static List<Arg.Ref> parts(Emit e, OpArgs a, List<SymInt> sizes, int dim) {
        List<Arg.Ref> parts = new ArrayList<>();
        SymInt at = SymInt.ZERO;
        for (SymInt size : sizes) {
            parts.add(e.slice(Emit.ref(a, 0), dim, at, at.plus(size)));
            at = at.plus(size);
        }
        a.shapes().require(at, a.tensor(0).size(dim), a.schema().name() + ", sum of the sizes");
        return parts;
    }

    /** Each dimension d of size n becomes (repeats, n), which fold into one. */
    private static Arg.Ref repeat(Emit e, OpArgs a, List<SymInt> repeats) {
        FakeTensor self = a.tensor(0);
        int lead = repeats.size() - self.rank();
        if (lead < 0) {
            throw a.error(repeats.size() + " repeats for rank " + self.rank());
        }
        List<SymInt> split = new ArrayList<>();
        List<SymInt> wide = new ArrayList<>();
        List<SymInt> folded = new ArrayList<>();
        for (int d = 0; d < repeats.size(); d++) {
            SymInt size = d < lead ? SymInt.ONE : self.size(d - lead);
            split.addAll(List.of(SymInt.ONE, size));
            wide.addAll(List.of(repeats.get(d), size));
            folded.add(repeats.get(d).times(size));
        }
        return e.view(e.expand(e.view(Emit.ref(a, 0), split), wide), folded);
    }

    private static Arg.Ref repeatInterleave(Emit e, OpArgs a) {
        Arg.Ref self = a.isNone(2) ? e.view(Emit.ref(a, 0), List.of(a.tensor(0).numel()))
            : e.atLeastVector(Emit.ref(a, 0));
        int dim = a.isNone(2) ? 0 : a.dim(2, e.rank(self));
        List<SymInt> wide = new ArrayList<>(e.tensor(self).sizes());
        wide.add(dim + 1, a.size(1));
        List<SymInt> folded = new ArrayList<>(e.tensor(self).sizes());
        folded.set(dim, folded.get(dim).times(a.size(1)));
        return e.view(e.expand(e.unsqueeze(self, dim + 1), wide), folded);
    }

    private static Arg.Ref roll(Emit e, OpArgs a) {
        FakeTensor self = a.tensor(0);
        if (a.sizes(2).isEmpty()) {
            Arg.Ref flat = e.view(Emit.ref(a, 0), List.of(self.numel()));
            return e.view(roll(e, flat, 0, a.sizes(1).getFirst()), self.sizes());
        }
        if (a.sizes(1).size() != a.sizes(2).size()) {
            throw a.error(a.sizes(1).size() + " shifts for " + a.sizes(2).size() + " dimensions");
        }
        Arg.Ref rolled = Emit.ref(a, 0);
        for (int i = 0; i < a.sizes(1).size(); i++) {
            rolled = roll(e, rolled, a.wrapDim(a.integers(2)[i], self.rank()), a.sizes(1).get(i));
        }
        return rolled;
    }

    private static Arg.Ref roll(Emit e, Arg.Ref x, int dim, SymInt shift) {
        SymInt size = e.tensor(x).size(dim);
        if (size.is(0)) {
            return x;
        }
        SymInt start = shift.negate().mod(size);
        return e.cat(List.of(e.slice(x, dim, start, size), e.slice(x, dim, SymInt.ZERO, start)), dim);
    }

    private static Arg.Ref flatten(Emit e, OpArgs a) {
        List<SymInt> sizes = a.tensor(0).sizes();
        if (sizes.isEmpty()) {
            return e.view(Emit.ref(a, 0), List.of(SymInt.ONE));
        }
        int start = a.dim(1, sizes.size());
        int end = a.dim(2, sizes.size());
        if (start > end) {
            throw a.error("start dimension " + start + " comes after end dimension " + end);
        }
        List<SymInt> flat = new ArrayList<>(sizes.subList(0, start));
        flat.add(SymInt.product(sizes.subList(start, end + 1)));
        flat.addAll(sizes.subList(end + 1, sizes.size()));
        return e.view(Emit.ref(a, 0), flat);
    }

    /** The sizes with a -1 replaced by what is left of the whole. */
    private static List<SymInt> inferred(OpArgs a, SymInt whole, List<SymInt> sizes) {
        int hole = sizes.indexOf(SymInt.of(-1));
        if (hole < 0) {
            a.shapes().require(SymInt.product(sizes), whole, a.schema().name());
            return sizes;
        }
        List<SymInt> known = new ArrayList<>(sizes);
        known.set(hole, SymInt.ONE);
        known.set(hole, whole.floorDiv(SymInt.product(known)));
        return known;
    }

    /** (*, c r r, h, w) to (*, c, h r, w r). */
    private static Arg.Ref pixelShuffle(Emit e, OpArgs a) {
        FakeTensor self = a.tensor(0);
        int n = self.rank() - 3;
        SymInt r = SymInt.of(a.integer(1));
        if (n < 0 || !self.size(n).mod(r.times(r)).is(0)) {
            throw a.error("factor " + r + " does not fit " + self);
        }
        SymInt channels = self.size(n).floorDiv(r.times(r));
        List<SymInt> split = new ArrayList<>(self.sizes().subList(0, n));
        split.addAll(List.of(channels, r, r, self.size(n + 1), self.size(n + 2)));
        List<Integer> order = new ArrayList<>(IntStream.range(0, n).boxed().toList());
        order.addAll(List.of(n, n + 3, n + 1, n + 4, n + 2));
        List<SymInt> out = new ArrayList<>(self.sizes().subList(0, n));
        out.addAll(List.of(channels, self.size(n + 1).times(r), self.size(n + 2).times(r)));
        return e.view(e.permute(e.view(Emit.ref(a, 0), split), order), out);
    }
}
