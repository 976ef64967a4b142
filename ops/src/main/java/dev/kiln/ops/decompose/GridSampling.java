package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;

/** Reading an image at the places of a grid, whose coordinates run from -1 to 1; and the grid of an affine map. */
final class GridSampling {
    private final Emit e;
    private final Arg.Ref image;
    private final SymInt height;
    private final SymInt width;
    private final List<SymInt> out;
    private final GridPlaces places;

    private GridSampling(Emit e, OpArgs a) {
        FakeTensor input = a.tensor(0);
        FakeTensor grid = a.tensor(1);
        if (input.rank() != 4 || grid.rank() != 4 || !grid.size(3).is(2) || input.dtype() != grid.dtype()) {
            throw a.error("an image [N, C, H, W] and a grid [N, H, W, 2] of one dtype expected, got " + input + ", "
                + grid);
        }
        a.shapes().require(input.size(0), grid.size(0), a.schema().name() + ", batch");
        this.e = e;
        places = GridPlaces.of(e, a);
        height = input.size(2);
        width = input.size(3);
        image = e.view(e.compute(Emit.ref(a, 0)), List.of(input.size(0), input.size(1), height.times(width)));
        out = List.of(input.size(0), SymInt.ONE, grid.size(1), grid.size(2));
    }

    static void define(Definitions d) {
        String signature = "(Tensor input, Tensor grid, int interpolation_mode, int padding_mode, bool align_corners)"
            + " -> Tensor";
        d.op("grid_sampler_2d.default" + signature, GridSampling::sample);
        d.op("grid_sampler.default" + signature, (e, a) -> a.tensor(0).rank() == 5
            ? e.call("grid_sampler_3d.default", a.values().toArray()) : sample(e, a));
        d.op("affine_grid_generator.default(Tensor theta, SymInt[] size, bool align_corners) -> Tensor",
            GridSampling::affineGrid);
    }

    private static Arg.Ref sample(Emit e, OpArgs a) {
        GridSampling s = new GridSampling(e, a);
        Arg.Ref grid = e.compute(Emit.ref(a, 1));
        Arg.Ref x = s.places.place(e.view(e.call("select.int", grid, 3, 0), s.out), s.width);
        Arg.Ref y = s.places.place(e.view(e.call("select.int", grid, 3, 1), s.out), s.height);
        Arg.Ref result = switch ((int) a.integer(2)) {
            case 0 -> s.bilinear(s.places.bounded(x, s.width), s.places.bounded(y, s.height));
            case 1 -> s.at(e.unary("round", s.places.bounded(x, s.width)), e.unary("round", s.places.bounded(y, s.height)), null);
            case 2 -> s.bicubic(x, y);
            default -> throw a.error("interpolation mode must be 0, 1 or 2, is " + a.integer(2));
        };
        return e.cast(result, a.tensor(0).dtype());
    }

    /** The image's elements at integral places times a weight; 0 outside, and where a place is no number. */
    private Arg.Ref at(Arg.Ref x, Arg.Ref y, Arg.Ref weight) {
        Arg.Ref inside = e.call("logical_and.default", places.inside(x, width), places.inside(y, height));
        Arg.Ref zero = e.number(0, e.dtype(x));
        Arg.Ref column = e.cast(e.where(inside, x, zero), DType.I64);
        Arg.Ref row = e.cast(e.where(inside, y, zero), DType.I64);
        SymInt channels = e.tensor(image).size(1);
        SymInt count = out.get(2).times(out.get(3));
        Arg.Ref flat = e.view(e.add(e.mul(row, width), column), List.of(out.get(0), SymInt.ONE, count));
        Arg.Ref picked = e.call("gather.default", image, 2, e.expand(flat, List.of(out.get(0), channels, count)));
        Arg.Ref values = e.view(picked, List.of(out.get(0), channels, out.get(2), out.get(3)));
        return e.where(inside, weight == null ? values : e.mul(values, weight), e.number(0, e.dtype(values)));
    }

    private Arg.Ref bilinear(Arg.Ref x, Arg.Ref y) {
        Arg.Ref left = e.unary("floor", x);
        Arg.Ref top = e.unary("floor", y);
        Arg.Ref right = e.add(left, 1.0);
        Arg.Ref bottom = e.add(top, 1.0);
        Arg.Ref toLeft = e.sub(right, x);
        Arg.Ref toRight = e.sub(x, left);
        Arg.Ref toTop = e.sub(bottom, y);
        Arg.Ref toBottom = e.sub(y, top);
        return e.add(e.add(at(left, top, e.mul(toLeft, toTop)), at(right, top, e.mul(toRight, toTop))),
            e.add(at(left, bottom, e.mul(toLeft, toBottom)), at(right, bottom, e.mul(toRight, toBottom))));
    }

    /** Sixteen places around; each is bounded by itself. */
    private Arg.Ref bicubic(Arg.Ref x, Arg.Ref y) {
        Arg.Ref left = e.unary("floor", x);
        Arg.Ref top = e.unary("floor", y);
        List<Arg.Ref> across = Resampling.cubicWeights(e, e.sub(x, left), Resampling.CUBIC);
        List<Arg.Ref> down = Resampling.cubicWeights(e, e.sub(y, top), Resampling.CUBIC);
        Arg.Ref sum = null;
        for (int i = 0; i < 4; i++) {
            Arg.Ref row = places.bounded(e.add(top, i - 1.0), height);
            for (int j = 0; j < 4; j++) {
                Arg.Ref term = at(places.bounded(e.add(left, j - 1.0), width), row, e.mul(across.get(j), down.get(i)));
                sum = sum == null ? term : e.add(sum, term);
            }
        }
        return sum;
    }

    /** theta [N, 2, 3] applied to (x, y, 1) at every place of [N, C, H, W]: [N, H, W, 2]. */
    private static Arg.Ref affineGrid(Emit e, OpArgs a) {
        FakeTensor theta = a.tensor(0);
        List<SymInt> size = a.sizes(1);
        if (size.size() != 4 || theta.rank() != 3 || !theta.dtype().isFloating()) {
            throw a.error("a floating theta [N, 2, 3] and a size [N, C, H, W] expected, got " + theta + ", " + size);
        }
        DType dtype = theta.dtype();
        List<SymInt> plane = List.of(size.get(2), size.get(3), SymInt.ONE);
        Arg.Ref x = e.expand(line(e, size.get(3), 1, a.bool(2), dtype), plane);
        Arg.Ref y = e.expand(line(e, size.get(2), 0, a.bool(2), dtype), plane);
        Arg.Ref base = e.view(e.cat(new ArrayList<>(List.of(x, y, e.full(plane, 1, dtype))), 2),
            List.of(size.get(2).times(size.get(3)), SymInt.of(3)));
        Arg.Ref wide = e.expand(e.unsqueeze(base, 0), List.of(size.get(0), size.get(2).times(size.get(3)),
            SymInt.of(3)));
        Arg.Ref product = e.call("bmm.default", wide, e.call("transpose.int", a.arg(0), 1, 2));
        return e.view(product, List.of(size.get(0), size.get(2), size.get(3), SymInt.of(2)));
    }

    /** -1 to 1 in steps; without corners, the centres of as many cells. */
    private static Arg.Ref line(Emit e, SymInt count, int dim, boolean corners, DType dtype) {
        List<SymInt> shape = new ArrayList<>(List.of(SymInt.ONE, SymInt.ONE, SymInt.ONE));
        shape.set(dim, count);
        if (count.is(1)) {
            return e.full(shape, 0, dtype);
        }
        DType compute = dtype == DType.F64 ? DType.F64 : DType.F32;
        Arg.Ref places = e.cast(e.call("arange.start_step", 0, count, 1), compute);
        Arg.Ref line = corners ? e.add(e.div(e.mul(places, 2.0), count.plus(-1)), -1.0)
            : e.add(e.div(e.add(e.mul(places, 2.0), 1.0), count), -1.0);
        return e.view(e.cast(line, dtype), shape);
    }
}
