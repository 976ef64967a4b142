package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;
import java.util.ArrayList;
import java.util.List;

/** Pooling of regions of interest: [R, C, height, width] from images [N, C, H, W] and boxes. */
final class RegionImports {
    private final NodeImport n;
    private final Arg.Ref x;
    private final List<SymInt> sizes;

    private RegionImports(NodeImport n) {
        this.n = n;
        x = n.tensor(0);
        sizes = n.type(x).sizes();
        if (sizes.size() != 4) {
            throw new KilnException.BadInput("an image [N, C, H, W] expected, got " + n.type(x));
        }
    }

    static void register(Registry r) {
        r.tensor("RoiAlign", n -> new RegionImports(n).align());
        r.tensor("MaxRoiPool", n -> new RegionImports(n).maxPool());
    }

    private Arg.Ref call(String op, Object... args) {
        return n.call("aten." + op, args);
    }

    /** A column of the boxes as [R, 1]. */
    private Arg.Ref column(Arg.Ref boxes, int index) {
        return call("slice.Tensor", boxes, 1, index, index + 1);
    }

    private Arg.Ref align() {
        long samples = n.attributes().integer("sampling_ratio", 0);
        if (samples < 1) {
            throw new KilnException.Unsupported("sampling_ratio 0 makes the number of samples depend on data; "
                + "set a positive one");
        }
        boolean half = n.attributes().string("coordinate_transformation_mode", n.since(16) ? "half_pixel"
            : "output_half_pixel").equals("half_pixel");
        String mode = n.attributes().string("mode", "avg");
        if (!mode.equals("avg") && !mode.equals("max")) {
            throw new KilnException.BadInput("mode '" + mode + "' is none of avg, max");
        }
        long height = n.attributes().integer("output_height", 1);
        long width = n.attributes().integer("output_width", 1);
        Arg.Ref ys = places(1, height, samples, half);
        Arg.Ref xs = places(0, width, samples, half);
        Arg.Ref values = sampled(ys, xs, mode.equals("max"));
        SymInt regions = n.type(ys).size(0);
        Arg.Ref cells = n.reshape(values, List.of(regions, SymInt.of(height), SymInt.of(samples), SymInt.of(width),
            SymInt.of(samples), sizes.get(1)));
        Arg.Ref pooled = mode.equals("max") ? call("amax.default", cells, new long[] {2, 4}, false)
            : call("mean.dim", cells, new long[] {2, 4}, false);
        return call("permute.default", pooled, new long[] {0, 3, 1, 2});
    }

    /** Where the samples of a dimension lie: [R, cells samples]. */
    private Arg.Ref places(int dim, long cells, long samples, boolean half) {
        double scale = n.attributes().real("spatial_scale", 1);
        Arg.Ref boxes = call("mul.Scalar", n.tensor(1), scale);
        Arg.Ref shifted = half ? call("sub.Scalar", boxes, 0.5) : boxes;
        Arg.Ref start = column(shifted, dim);
        Arg.Ref length = call("sub.Tensor", column(shifted, dim + 2), start);
        Arg.Ref span = half ? length : call("clamp_min.default", length, 1.0);
        Arg.Ref steps = n.cast(call("arange.start_step", 0, cells * samples, 1, DType.I64), n.dtype(x));
        Arg.Ref step = call("div.Scalar", call("add.Scalar", steps, 0.5), (double) (cells * samples));
        return call("add.Tensor", start, call("mul.Tensor", span, call("unsqueeze.default", step, 0)));
    }

    /**
     * A place between its two neighbours, all moved into the image; one that is further out than one element counts
     * nothing.
     */
    private record Side(Arg.Ref low, Arg.Ref high, Arg.Ref toHigh, Arg.Ref valid) {
    }

    private Side side(Arg.Ref at, SymInt size) {
        Arg.Ref valid = call("logical_and.default", call("ge.Scalar", at, -1.0), call("le.Scalar", at, size));
        Arg.Ref inside = call("clamp.default", at, 0, size.plus(-1));
        Arg.Ref low = call("floor.default", inside);
        Arg.Ref first = n.cast(low, DType.I64);
        Arg.Ref second = call("clamp_max.default", call("add.Scalar", first, 1), size.plus(-1));
        return new Side(first, second, call("sub.Tensor", inside, low), valid);
    }

    /** Interpolated values at every pair of places: [R, rows, columns, C]. */
    private Arg.Ref sampled(Arg.Ref ys, Arg.Ref xs, boolean largestTerm) {
        Side y = side(call("unsqueeze.default", ys, 2), sizes.get(2));
        Side x = side(call("unsqueeze.default", xs, 1), sizes.get(3));
        Arg.Ref one = call("add.Scalar", call("neg.default", y.toHigh()), 1.0);
        Arg.Ref rest = call("add.Scalar", call("neg.default", x.toHigh()), 1.0);
        List<Arg.Ref> terms = List.of(corner(y.low(), x.low(), one, rest), corner(y.low(), x.high(), one, x.toHigh()),
            corner(y.high(), x.low(), y.toHigh(), rest), corner(y.high(), x.high(), y.toHigh(), x.toHigh()));
        Arg.Ref sum = terms.stream().reduce((a, b) -> call(largestTerm ? "maximum.default" : "add.Tensor", a, b))
            .orElseThrow();
        Arg.Ref valid = call("unsqueeze.default", call("logical_and.default", y.valid(), x.valid()), 3);
        return call("where.self", valid, sum, call("full.default", List.<SymInt>of(), 0, n.dtype(sum)));
    }

    private Arg.Ref corner(Arg.Ref row, Arg.Ref column, Arg.Ref down, Arg.Ref across) {
        SymInt plane = sizes.get(2).times(sizes.get(3));
        SymInt channels = sizes.get(1);
        Arg.Ref rows = n.reshape(call("permute.default", x, new long[] {0, 2, 3, 1}),
            List.of(sizes.get(0).times(plane), channels));
        Arg.Ref batch = call("mul.Scalar", n.cast(n.tensor(2), DType.I64), plane);
        Arg.Ref first = n.reshape(batch, List.of(n.type(batch).numel(), SymInt.ONE, SymInt.ONE));
        Arg.Ref at = call("add.Tensor", call("add.Tensor", call("mul.Scalar", row, sizes.get(3)), column), first);
        List<SymInt> shape = new ArrayList<>(n.type(at).sizes());
        Arg.Ref picked = call("index_select.default", rows, 0, n.reshape(at, List.of(n.type(at).numel())));
        shape.add(channels);
        Arg.Ref weight = call("unsqueeze.default", call("mul.Tensor", down, across), 3);
        return call("mul.Tensor", n.reshape(picked, shape), weight);
    }

    /** Boxes [R, 5] of whole elements with their ends; the maximum over each cell, 0 over an empty one. */
    private Arg.Ref maxPool() {
        long[] pooled = n.attributes().requireIntegers("pooled_shape");
        double scale = n.attributes().real("spatial_scale", 1);
        Arg.Ref boxes = call("slice.Tensor", n.tensor(1), 1, 1, 5);
        Arg.Ref whole = call("round.default", call("mul.Scalar", boxes, scale));
        Arg.Ref batch = n.cast(n.reshape(column(n.tensor(1), 0), List.of(n.type(boxes).size(0))), DType.I64);
        Arg.Ref images = call("index_select.default", x, 0, batch);
        Arg.Ref columns = cells(images, member(whole, 0, pooled[1], sizes.get(3)), 3);
        Arg.Ref best = cells(columns, member(whole, 1, pooled[0], sizes.get(2)), 2);
        Arg.Ref empty = call("eq.Scalar", best, Double.NEGATIVE_INFINITY);
        return call("where.self", empty, call("full.default", List.<SymInt>of(), 0, n.dtype(x)), best);
    }

    /** Which places of a dimension a cell of a region holds: [R, cells, size]. */
    private Arg.Ref member(Arg.Ref boxes, int dim, long cells, SymInt size) {
        Arg.Ref start = call("unsqueeze.default", column(boxes, dim), 2);
        Arg.Ref end = call("unsqueeze.default", column(boxes, dim + 2), 2);
        Arg.Ref length = call("clamp_min.default", call("add.Scalar", call("sub.Tensor", end, start), 1.0), 1.0);
        Arg.Ref step = call("div.Scalar", length, (double) cells);
        Arg.Ref cell = n.reshape(n.cast(call("arange.start_step", 0, cells, 1, DType.I64), n.dtype(x)),
            List.of(SymInt.ONE, SymInt.of(cells), SymInt.ONE));
        Arg.Ref from = call("add.Tensor", call("floor.default", call("mul.Tensor", cell, step)), start);
        Arg.Ref to = call("add.Tensor", call("ceil.default", call("mul.Tensor", call("add.Scalar", cell, 1.0), step)),
            start);
        Arg.Ref place = n.reshape(n.cast(call("arange.start_step", 0, size, 1, DType.I64), n.dtype(x)),
            List.of(SymInt.ONE, SymInt.ONE, size));
        return call("logical_and.default", call("ge.Tensor", place, from), call("lt.Tensor", place, to));
    }

    private Arg.Ref cells(Arg.Ref images, Arg.Ref member, int dim) {
        List<SymInt> shape = new ArrayList<>(java.util.Collections.nCopies(5, SymInt.ONE));
        List<SymInt> own = n.type(member).sizes();
        shape.set(0, own.get(0));
        shape.set(dim, own.get(1));
        shape.set(dim + 1, own.get(2));
        Arg.Ref lowest = call("full.default", List.<SymInt>of(), Double.NEGATIVE_INFINITY, n.dtype(x));
        Arg.Ref masked = call("where.self", n.reshape(member, shape), call("unsqueeze.default", images, dim), lowest);
        return call("amax.default", masked, new long[] {dim + 1}, false);
    }
}
