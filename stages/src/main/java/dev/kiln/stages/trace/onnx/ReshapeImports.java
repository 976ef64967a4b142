package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.aten.Broadcast;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/** Ops that ask for a shape or give a tensor another one. */
final class ReshapeImports {
    private ReshapeImports() {
    }

    static void register(Registry r) {
        r.op("Shape", ReshapeImports::shape);
        r.op("Size", n -> List.of(new Value.Known(KnownInts.scalar(dev.kiln.ops.DType.I64,
            SymInt.product(valueSizes(n))))));
        r.tensor("Reshape", n -> n.reshape(n.tensor(0),
            target(n, n.type(n.tensor(0)).sizes(), n.sizes(1, "shape"))));
        r.tensor("Flatten", n -> flatten(n, n.tensor(0), n.attributes().integer("axis", 1)));
        r.tensor("Squeeze", ReshapeImports::squeeze);
        r.tensor("Unsqueeze", ReshapeImports::unsqueeze);
        r.tensor("Expand", n -> {
            List<SymInt> own = n.type(n.tensor(0)).sizes();
            List<SymInt> sizes = Broadcast.sizes(n.shapes(), "Expand", List.of(own, n.sizes(1, "shape")));
            return sizes.equals(own) ? n.tensor(0) : n.call("aten.expand.default", n.tensor(0), sizes);
        });
        r.tensor("Tile", ReshapeImports::tile);
        r.tensor("DepthToSpace", ReshapeImports::depthToSpace);
        r.tensor("SpaceToDepth", ReshapeImports::spaceToDepth);
    }

    private static List<SymInt> valueSizes(NodeImport n) {
        return switch (n.value(0)) {
            case Value.Tensor(Arg.Ref ref) -> n.type(ref).sizes();
            case Value.Known(KnownInts ints) -> ints.sizes().stream().map(SymInt::of).toList();
            case Value.Literal literal -> literal.value().sizes().stream().map(SymInt::of).toList();
            case Value.Sequence ignored -> throw Value.Sequence.asTensor();
        };
    }

    private static List<Value> shape(NodeImport n) {
        List<SymInt> sizes = valueSizes(n);
        int start = bound(n.attributes().integer("start", 0), sizes.size());
        int end = bound(n.attributes().integer("end", sizes.size()), sizes.size());
        return List.of(new Value.Known(KnownInts.vector(sizes.subList(Math.min(start, end), end))));
    }

    private static int bound(long position, int rank) {
        return (int) Math.max(0, Math.min(rank, position < 0 ? position + rank : position));
    }

    /** The sizes that Reshape means: 0 copies a size (unless allowzero), -1 is what is left. */
    static List<SymInt> target(NodeImport n, List<SymInt> from, List<SymInt> wanted) {
        boolean copyZeros = !n.attributes().flag("allowzero", false);
        List<SymInt> sizes = new ArrayList<>();
        int hole = -1;
        for (SymInt size : wanted) {
            int d = sizes.size();
            if (size.is(-1)) {
                if (hole >= 0) {
                    throw new KilnException.BadInput("shape " + wanted + " has more than one -1");
                }
                hole = d;
            } else if (size.is(0) && copyZeros && d >= from.size()) {
                throw new KilnException.BadInput("shape " + wanted + " copies a dimension that " + from
                    + " lacks");
            }
            sizes.add(size.is(-1) ? SymInt.ONE : size.is(0) && copyZeros ? from.get(d) : size);
        }
        if (hole >= 0) {
            SymInt known = SymInt.product(sizes);
            if (known.is(0)) {
                throw new KilnException.BadInput("the -1 in shape " + wanted + " is ambiguous for " + from);
            }
            sizes.set(hole, SymInt.product(from).floorDiv(known));
        }
        return sizes;
    }

    /** A matrix: the dimensions before the axis in one, the others in the second. */
    static Arg.Ref flatten(NodeImport n, Arg.Ref x, long axis) {
        List<SymInt> sizes = n.type(x).sizes();
        int split = axis == sizes.size() ? sizes.size() : n.dim(axis, Math.max(1, sizes.size()));
        return n.reshape(x, List.of(SymInt.product(sizes.subList(0, split)),
            SymInt.product(sizes.subList(split, sizes.size()))));
    }

    private static Arg.Ref squeeze(NodeImport n) {
        Arg.Ref x = n.tensor(0);
        long[] axes = n.has(1) ? n.integers(1, "axes") : n.attributes().integers("axes").orElse(null);
        if (axes == null) {
            return n.call("aten.squeeze.default", x);
        }
        int[] dims = n.dims(axes, n.rank(x));
        boolean plain = true;
        for (int dim : dims) {
            n.shapes().require(n.type(x).size(dim), SymInt.ONE, "axis " + dim + " is squeezed");
            plain &= n.type(x).size(dim).is(1);
        }
        if (plain) {
            return n.call("aten.squeeze.dims", x, Arrays.stream(dims).asLongStream().toArray());
        }
        Arrays.sort(dims);
        for (int i = dims.length - 1; i >= 0; i--) {
            x = n.call("aten.select.int", x, dims[i], 0);
        }
        return x;
    }

    private static Arg.Ref unsqueeze(NodeImport n) {
        Arg.Ref x = n.tensor(0);
        long[] axes = n.has(1) ? n.integers(1, "axes") : n.attributes().requireIntegers("axes");
        int[] dims = n.dims(axes, n.rank(x) + axes.length);
        Arrays.sort(dims);
        for (int i = 0; i < dims.length; i++) {
            if (i > 0 && dims[i] == dims[i - 1]) {
                throw new KilnException.BadInput("axis " + dims[i] + " is listed twice");
            }
            x = n.call("aten.unsqueeze.default", x, dims[i]);
        }
        return x;
    }

    /**
     * By a broadcast dimension before each tiled one: [a, b] with repeats [r, 1] is [r, a, b] read as
     * [r*a, b].
     */
    private static Arg.Ref tile(NodeImport n) {
        Arg.Ref x = n.tensor(0);
        List<SymInt> sizes = n.type(x).sizes();
        List<SymInt> repeats = n.sizes(1, "repeats");
        if (repeats.size() != sizes.size()) {
            throw new KilnException.BadInput(repeats.size() + " repeats for rank " + sizes.size());
        }
        List<SymInt> split = new ArrayList<>();
        List<SymInt> spread = new ArrayList<>();
        List<SymInt> result = new ArrayList<>();
        for (int d = 0; d < sizes.size(); d++) {
            if (!repeats.get(d).is(1)) {
                split.add(SymInt.ONE);
                spread.add(repeats.get(d));
            }
            split.add(sizes.get(d));
            spread.add(sizes.get(d));
            result.add(sizes.get(d).times(repeats.get(d)));
        }
        if (result.equals(sizes)) {
            return x;
        }
        return n.reshape(n.call("aten.expand.default", n.reshape(x, split), spread), result);
    }

    private static Arg.Ref depthToSpace(NodeImport n) {
        Arg.Ref x = n.tensor(0);
        List<SymInt> s = n.type(x).sizes();
        SymInt block = SymInt.of(n.attributes().integer("blocksize", 1));
        SymInt depth = s.get(1).floorDiv(block.times(block));
        boolean crd = n.attributes().string("mode", "DCR").equals("CRD");
        List<SymInt> split = crd ? List.of(s.get(0), depth, block, block, s.get(2), s.get(3))
            : List.of(s.get(0), block, block, depth, s.get(2), s.get(3));
        long[] order = crd ? new long[] {0, 1, 4, 2, 5, 3} : new long[] {0, 3, 4, 1, 5, 2};
        return n.reshape(n.call("aten.permute.default", n.reshape(x, split), order),
            List.of(s.get(0), depth, s.get(2).times(block), s.get(3).times(block)));
    }

    private static Arg.Ref spaceToDepth(NodeImport n) {
        Arg.Ref x = n.tensor(0);
        List<SymInt> s = n.type(x).sizes();
        SymInt block = SymInt.of(n.attributes().integer("blocksize", 1));
        SymInt height = s.get(2).floorDiv(block);
        SymInt width = s.get(3).floorDiv(block);
        List<SymInt> split = List.of(s.get(0), s.get(1), height, block, width, block);
        return n.reshape(n.call("aten.permute.default", n.reshape(x, split), new long[] {0, 3, 5, 1, 2, 4}),
            List.of(s.get(0), s.get(1).times(block).times(block), height, width));
    }

    /** As many ones as asked for, to pad a shape. */
    static List<SymInt> ones(int count) {
        return Collections.nCopies(count, SymInt.ONE);
    }
}
