package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.aten.DetectionOps;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;
import java.util.List;
import java.util.stream.Stream;

/**
 * Picks boxes by falling score, of each batch and class; a box that overlaps a picked one too much is dropped. Boxes
 * are [batch, box, 4], scores [batch, class, box]; the result is a row (batch, class, box) for each picked box.
 */
final class NonMaxSuppressionImport {
    private final NodeImport n;
    private final SymInt batches;
    private final SymInt boxes;
    private final SymInt classes;

    private NonMaxSuppressionImport(NodeImport n) {
        this.n = n;
        this.batches = n.type(n.tensor(0)).size(0);
        this.boxes = n.type(n.tensor(0)).size(1);
        this.classes = n.type(n.tensor(1)).size(1);
    }

    static void register(Registry r) {
        r.tensor("NonMaxSuppression", n -> new NonMaxSuppressionImport(n).translate());
    }

    private Arg.Ref translate() {
        long most = n.has(2) ? n.integer(2, "max_output_boxes_per_class") : 0;
        if (most <= 0) {
            return n.call("aten.full.default", List.of(SymInt.ZERO, SymInt.of(3)), 0, DType.I64);
        }
        Arg.Ref scores = n.tensor(1);
        Arg.Ref alive = n.has(4) ? n.call("aten.gt.Tensor", scores, n.reshape(n.tensor(4), List.of()))
            : n.call("aten.full.default", n.type(scores).sizes(), true, DType.BOOL);
        Arg.Ref places = new Arg.Ref(n.call("aten.sort.stable", scores, true, 2, true).node(), 1);
        SymInt rows = batches.times(classes);
        Arg.Ref kept = n.call(DetectionOps.SUPPRESS, n.reshape(ordered(places), List.of(rows, SymInt.of(4), boxes)),
            n.reshape(n.call("aten.gather.default", alive, 2, places), List.of(rows, boxes)), limit(), most);
        return picked(n.reshape(kept, List.of(rows.times(boxes))), places);
    }

    private Arg.Ref limit() {
        return n.has(3) ? n.reshape(n.tensor(3), List.of())
            : n.constant("limit", ConstantValue.allocate(DType.F32, List.of()));
    }

    /** Lower ends of both axes, then upper ends, of each class's boxes by falling score: [batch, class, 4, box]. */
    private Arg.Ref ordered(Arg.Ref places) {
        boolean center = n.attributes().integer("center_point_box", 0) == 1;
        Arg.Ref[] vertical = interval(center ? 1 : 0, center ? 3 : 2, center);
        Arg.Ref[] horizontal = interval(center ? 0 : 1, center ? 2 : 3, center);
        List<Arg.Ref> ends = Stream.of(vertical[0], horizontal[0], vertical[1], horizontal[1])
            .map(end -> n.call("aten.unsqueeze.default", end, 1)).toList();
        Arg.Ref corners = n.call("aten.unsqueeze.default", n.call("aten.cat.default", ends, 1), 1);
        List<SymInt> sizes = List.of(batches, classes, SymInt.of(4), boxes);
        Arg.Ref index = n.call("aten.expand.default", n.call("aten.unsqueeze.default", places, 2), sizes);
        return n.call("aten.gather.default", n.call("aten.expand.default", corners, sizes), 3, index);
    }

    /** Lower and upper end [batch, box], given as two corners in any order or as center and size. */
    private Arg.Ref[] interval(int first, int second, boolean center) {
        Arg.Ref a = n.call("aten.select.int", n.tensor(0), 2, first);
        Arg.Ref b = n.call("aten.select.int", n.tensor(0), 2, second);
        if (!center) {
            return new Arg.Ref[] {n.call("aten.minimum.default", a, b), n.call("aten.maximum.default", a, b)};
        }
        Arg.Ref half = n.call("aten.mul.Scalar", b, 0.5);
        return new Arg.Ref[] {n.call("aten.sub.Tensor", a, half), n.call("aten.add.Tensor", a, half)};
    }

    private Arg.Ref picked(Arg.Ref kept, Arg.Ref places) {
        Arg.Ref chosen = n.call("aten.nonzero.default", kept);
        Arg.Ref at = n.reshape(chosen, List.of(n.type(chosen).numel()));
        Arg.Ref row = n.call("aten.floor_divide.Scalar", at, boxes);
        Arg.Ref flat = n.reshape(places, List.of(n.type(places).numel()));
        List<Arg.Ref> columns = List.of(n.call("aten.floor_divide.Scalar", row, classes),
            n.call("aten.remainder.Scalar", row, classes), n.call("aten.index_select.default", flat, 0, at));
        return n.call("aten.cat.default",
            columns.stream().map(c -> n.call("aten.unsqueeze.default", c, 1)).toList(), 1);
    }
}
