package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;
import java.util.ArrayList;
import java.util.List;

/**
 * Picks boxes by falling score, of each batch and class; a box that overlaps a picked one too much is dropped. Boxes
 * are [batch, box, 4], scores [batch, class, box]; the result is a row (batch, class, box) for each picked box.
 */
final class NonMaxSuppressionImport {
    /** Picks of a class: each is a few kernels of its own. */
    private static final long MAX_PICKS = 64;

    private final NodeImport n;
    private final SymInt batches;
    private final SymInt boxes;
    private final SymInt classes;

    NonMaxSuppressionImport(NodeImport n) {
        this.n = n;
        this.batches = n.type(n.tensor(0)).size(0);
        this.boxes = n.type(n.tensor(0)).size(1);
        this.classes = n.type(n.tensor(1)).size(1);
    }

    static void register(Registry r) {
        r.tensor("NonMaxSuppression", n -> new NonMaxSuppressionImport(n).translate());
    }

    private Arg.Ref range(SymInt end) {
        return n.call("aten.arange.start_step", 0, end, 1, DType.I64);
    }

    private Arg.Ref flat(Arg.Ref x) {
        return n.reshape(x, List.of(n.type(x).numel()));
    }

    private Arg.Ref translate() {
        long most = n.has(2) ? n.integer(2, "max_output_boxes_per_class") : 0;
        long picks = Math.max(0, Math.min(most, n.shapes().specialize(boxes)));
        if (picks > MAX_PICKS) {
            throw new KilnException.Unsupported("more than " + MAX_PICKS + " boxes of a class are not supported");
        }
        if (picks == 0) {
            return n.call("aten.full.default", List.of(SymInt.ZERO, SymInt.of(3)), 0, DType.I64);
        }
        Arg.Ref close = close();
        Arg.Ref scores = n.tensor(1);
        Arg.Ref alive = n.has(4) ? n.call("aten.gt.Tensor", scores, scalar(4))
            : n.call("aten.full.default", n.type(scores).sizes(), true, DType.BOOL);
        List<Arg.Ref> picked = new ArrayList<>();
        List<Arg.Ref> valid = new ArrayList<>();
        for (long i = 0; i < picks; i++) {
            Arg.Ref lowest = n.call("aten.full.default", List.of(), Double.NEGATIVE_INFINITY, n.dtype(scores));
            Arg.Ref best = n.call("aten.argmax.default", n.call("aten.where.self", alive, scores, lowest), 2, true);
            picked.add(best);
            valid.add(n.call("aten.any.dims", alive, new long[] {2}, true));
            alive = n.call("aten.logical_and.default", alive, n.call("aten.logical_not.default", dropped(close, best)));
        }
        return rows(joined(picked), joined(valid), picks);
    }

    private Arg.Ref scalar(int input) {
        return n.reshape(n.tensor(input), List.of());
    }

    private Arg.Ref joined(List<Arg.Ref> parts) {
        return flat(parts.size() == 1 ? parts.getFirst() : n.call("aten.cat.default", parts, 2));
    }

    /** The picked box itself, and what overlaps it. */
    private Arg.Ref dropped(Arg.Ref close, Arg.Ref best) {
        Arg.Ref row = n.call("aten.expand.default", n.call("aten.unsqueeze.default", best, 3),
            List.of(batches, classes, SymInt.ONE, boxes));
        Arg.Ref wide = n.call("aten.expand.default", n.call("aten.unsqueeze.default", close, 1),
            List.of(batches, classes, boxes, boxes));
        Arg.Ref near = n.call("aten.select.int", n.call("aten.gather.default", wide, 2, row), 2, 0);
        return n.call("aten.logical_or.default", near,
            n.call("aten.eq.Tensor", range(boxes), best));
    }

    /** Whether two boxes of a batch share more of their common area than is allowed: [batch, box, box]. */
    private Arg.Ref close() {
        boolean center = n.attributes().integer("center_point_box", 0) == 1;
        Arg.Ref[] vertical = interval(center ? 1 : 0, center ? 3 : 2, center);
        Arg.Ref[] horizontal = interval(center ? 0 : 1, center ? 2 : 3, center);
        Arg.Ref area = n.call("aten.mul.Tensor", n.call("aten.sub.Tensor", vertical[1], vertical[0]),
            n.call("aten.sub.Tensor", horizontal[1], horizontal[0]));
        Arg.Ref shared = n.call("aten.mul.Tensor", shared(vertical), shared(horizontal));
        Arg.Ref sum = n.call("aten.add.Tensor", n.call("aten.unsqueeze.default", area, 1),
            n.call("aten.unsqueeze.default", area, 2));
        Arg.Ref part = n.call("aten.div.Tensor", shared, n.call("aten.sub.Tensor", sum, shared));
        return n.has(3) ? n.call("aten.gt.Tensor", part, scalar(3)) : n.call("aten.gt.Scalar", part, 0.0);
    }

    /** Lower and upper end, given as two corners in any order or as center and size. */
    private Arg.Ref[] interval(int first, int second, boolean center) {
        Arg.Ref a = n.call("aten.select.int", n.tensor(0), 2, first);
        Arg.Ref b = n.call("aten.select.int", n.tensor(0), 2, second);
        if (!center) {
            return new Arg.Ref[] {n.call("aten.minimum.default", a, b), n.call("aten.maximum.default", a, b)};
        }
        Arg.Ref half = n.call("aten.mul.Scalar", b, 0.5);
        return new Arg.Ref[] {n.call("aten.sub.Tensor", a, half), n.call("aten.add.Tensor", a, half)};
    }

    private Arg.Ref shared(Arg.Ref[] interval) {
        Arg.Ref low = n.call("aten.maximum.default", n.call("aten.unsqueeze.default", interval[0], 1),
            n.call("aten.unsqueeze.default", interval[0], 2));
        Arg.Ref high = n.call("aten.minimum.default", n.call("aten.unsqueeze.default", interval[1], 1),
            n.call("aten.unsqueeze.default", interval[1], 2));
        return n.call("aten.clamp_min.default", n.call("aten.sub.Tensor", high, low), 0.0);
    }

    private Arg.Ref rows(Arg.Ref picked, Arg.Ref valid, long picks) {
        Arg.Ref places = flat(n.call("aten.nonzero.default", valid));
        Arg.Ref group = n.call("aten.floor_divide.Scalar", places, picks);
        List<Arg.Ref> columns = List.of(n.call("aten.floor_divide.Scalar", group, classes),
            n.call("aten.remainder.Scalar", group, classes), n.call("aten.index_select.default", picked, 0, places));
        return n.call("aten.cat.default",
            columns.stream().map(c -> n.call("aten.unsqueeze.default", c, 1)).toList(), 1);
    }
}
