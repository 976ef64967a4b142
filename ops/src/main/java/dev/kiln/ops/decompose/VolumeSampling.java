package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.List;

/** Reading a volume at the places of a grid: eight corners weighted (mode 0), or the nearest element (mode 1). */
final class VolumeSampling {
    private final Emit e;
    private final GridPlaces places;
    private final List<SymInt> sizes;
    private final Arg.Ref volume;
    private final List<SymInt> out;

    private VolumeSampling(Emit e, OpArgs a) {
        FakeTensor input = a.tensor(0);
        FakeTensor grid = a.tensor(1);
        if (input.rank() != 5 || grid.rank() != 5 || !grid.size(4).is(3) || input.dtype() != grid.dtype()) {
            throw a.error("a volume [N, C, D, H, W] and a grid [N, D, H, W, 3] of one dtype expected, got " + input
                + ", " + grid);
        }
        a.shapes().require(input.size(0), grid.size(0), a.schema().name() + ", batch");
        this.e = e;
        places = GridPlaces.of(e, a);
        sizes = input.sizes().subList(2, 5);
        volume = e.view(e.compute(Emit.ref(a, 0)), List.of(input.size(0), input.size(1), SymInt.product(sizes)));
        out = List.of(input.size(0), SymInt.ONE, grid.size(1), grid.size(2), grid.size(3));
    }

    static void define(Definitions d) {
        d.op("grid_sampler_3d.default(Tensor input, Tensor grid, int interpolation_mode, int padding_mode, "
            + "bool align_corners) -> Tensor", VolumeSampling::sample);
    }

    private static Arg.Ref sample(Emit e, OpArgs a) {
        VolumeSampling s = new VolumeSampling(e, a);
        Arg.Ref[] at = new Arg.Ref[3];
        for (int d = 0; d < 3; d++) {
            Arg.Ref coordinate = e.view(e.call("select.int", e.compute(Emit.ref(a, 1)), 4, 2 - d), s.out);
            at[d] = s.places.bounded(s.places.place(coordinate, s.sizes.get(d)), s.sizes.get(d));
        }
        Arg.Ref result = switch ((int) a.integer(2)) {
            case 0 -> s.trilinear(at);
            case 1 -> s.at(new Arg.Ref[] {e.unary("round", at[0]), e.unary("round", at[1]), e.unary("round", at[2])}, null);
            default -> throw a.error("interpolation mode must be 0 or 1, is " + a.integer(2));
        };
        return e.cast(result, a.tensor(0).dtype());
    }

    private Arg.Ref trilinear(Arg.Ref[] at) {
        Arg.Ref sum = null;
        for (int corner = 0; corner < 8; corner++) {
            Arg.Ref[] place = new Arg.Ref[3];
            Arg.Ref weight = null;
            for (int d = 0; d < 3; d++) {
                Arg.Ref low = e.unary("floor", at[d]);
                boolean upper = (corner >> d & 1) == 1;
                place[d] = upper ? e.add(low, 1.0) : low;
                Arg.Ref part = upper ? e.sub(at[d], low) : e.sub(e.add(low, 1.0), at[d]);
                weight = weight == null ? part : e.mul(weight, part);
            }
            Arg.Ref term = at(place, weight);
            sum = sum == null ? term : e.add(sum, term);
        }
        return sum;
    }

    /** The volume's elements at integral places times a weight; 0 outside. */
    private Arg.Ref at(Arg.Ref[] place, Arg.Ref weight) {
        Arg.Ref inside = null;
        for (int d = 0; d < 3; d++) {
            Arg.Ref own = places.inside(place[d], sizes.get(d));
            inside = inside == null ? own : e.call("logical_and.default", inside, own);
        }
        Arg.Ref flat = null;
        for (int d = 0; d < 3; d++) {
            Arg.Ref index = e.cast(e.where(inside, place[d], e.number(0, e.dtype(place[d]))), DType.I64);
            flat = flat == null ? index : e.add(e.mul(flat, sizes.get(d)), index);
        }
        SymInt count = SymInt.product(out.subList(2, 5));
        SymInt channels = e.tensor(volume).size(1);
        Arg.Ref line = e.expand(e.view(flat, List.of(out.getFirst(), SymInt.ONE, count)),
            List.of(out.getFirst(), channels, count));
        Arg.Ref values = e.view(e.call("gather.default", volume, 2, line),
            List.of(out.get(0), channels, out.get(2), out.get(3), out.get(4)));
        return e.where(inside, weight == null ? values : e.mul(values, weight), e.number(0, e.dtype(values)));
    }
}
