package dev.kiln.ops.aten;

import static dev.kiln.ops.scalar.Scalar.of;
import static dev.kiln.ops.scalar.ScalarOp.*;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.scalar.ScalarFormula;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.schema.OpTable.Registry;
import dev.kiln.ops.schema.ShapeFunction;
import java.util.List;

/** Elementwise ops of three operands: selection, clamping, fused arithmetic. */
final class TernaryOps {
    private static final ShapeFunction WHERE_SHAPE = ShapeFunction.single(
        a -> FakeTensor.contiguous(TypePromotion.common(a, 1, 2), Shapes.broadcastSizes(a, 0, 1, 2)));

    private static final ScalarFormula WHERE = (a, x) -> {
        DType t = TypePromotion.common(a, 1, 2);
        return Scalar.select(x.get(0).cast(DType.BOOL), x.get(1).stored(t), x.get(2).stored(t));
    };

    private TernaryOps() {
    }

    static void register(Registry r) {
        r.elementwise("where.self(Tensor condition, Tensor self, Tensor other) -> Tensor",
            WHERE_SHAPE, WHERE);
        whereNumbers(r, "where.ScalarSelf(Tensor condition, Scalar self, Tensor other) -> Tensor");
        whereNumbers(r, "where.ScalarOther(Tensor condition, Tensor self, Scalar other) -> Tensor");
        whereNumbers(r, "where.Scalar(Tensor condition, Scalar self, Scalar other) -> Tensor");
        maskedFill(r, "masked_fill.Scalar(Tensor self, Tensor mask, Scalar value) -> Tensor");
        maskedFill(r, "masked_fill.Tensor(Tensor self, Tensor mask, Tensor value) -> Tensor");
        clamp(r, "clamp.default(Tensor self, Scalar? min=None, Scalar? max=None) -> Tensor");
        clamp(r, "clamp.Tensor(Tensor self, Tensor? min=None, Tensor? max=None) -> Tensor");
        r.elementwise("clamp_min.default(Tensor self, Scalar min) -> Tensor", Shapes.broadcast(t -> t, 0, 1),
            (a, x) -> of(MAX, x.get(0).cast(TypePromotion.common(a, 0, 1)),
                x.get(1).stored(TypePromotion.common(a, 0, 1))));
        r.elementwise("clamp_max.default(Tensor self, Scalar max) -> Tensor", Shapes.broadcast(t -> t, 0, 1),
            (a, x) -> of(MIN, x.get(0).cast(TypePromotion.common(a, 0, 1)),
                x.get(1).stored(TypePromotion.common(a, 0, 1))));
        r.elementwise("addcmul.default(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1)"
            + " -> Tensor",
            Shapes.broadcast(t -> t, 0, 1, 2), (a, x) -> {
                List<Scalar> v = promoted(a, x);
                return of(ADD, v.get(0), of(MUL, of(MUL, v.get(3), v.get(1)), v.get(2)));
            });
        r.elementwise("addcdiv.default(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1)"
            + " -> Tensor",
            Shapes.broadcast(t -> t, 0, 1, 2), (a, x) -> {
                List<Scalar> v = promoted(a, x);
                return of(ADD, v.get(0), of(DIV, of(MUL, v.get(3), v.get(1)), v.get(2)));
            });
        for (String side : List.of("min", "max")) {
            r.elementwise("clamp_" + side + ".Tensor(Tensor self, Tensor " + side + ") -> Tensor",
                Shapes.broadcast(t -> t, 0, 1), (a, x) -> of(side.equals("min") ? MAX : MIN,
                    x.get(0).cast(TypePromotion.common(a, 0, 1)),
                        x.get(1).cast(TypePromotion.common(a, 0, 1))));
        }
        r.elementwise("lerp.Scalar(Tensor self, Tensor end, Scalar weight) -> Tensor",
            Shapes.broadcast(t -> t, 0, 1), (a, x) -> lerp(TypePromotion.common(a, 0, 1), x));
        r.elementwise("lerp.Tensor(Tensor self, Tensor end, Tensor weight) -> Tensor",
            Shapes.broadcast(t -> t, 0, 1, 2), (a, x) -> lerp(TypePromotion.common(a, 0, 1, 2), x));
    }

    /** From the nearer end, so that both ends are met exactly. */
    private static Scalar lerp(DType t, List<Scalar> x) {
        Scalar start = x.get(0).cast(t);
        Scalar end = x.get(1).cast(t);
        Scalar weight = x.get(2).cast(t);
        Scalar span = of(SUB, end, start);
        return Scalar.select(of(LT, of(ABS, weight), Scalar.literal(0.5, t)),
            of(ADD, start, of(MUL, weight, span)),
            of(SUB, end, of(MUL, span, of(SUB, Scalar.literal(1, t), weight))));
    }

    private static void whereNumbers(Registry r, String schema) {
        r.elementwise(schema, WHERE_SHAPE, WHERE);
    }

    private static void maskedFill(Registry r, String schema) {
        r.elementwise(schema, ShapeFunction.single(a -> a.tensor(0).fresh(Shapes.broadcastSizes(a, 0, 1))),
            (a, x) ->
            Scalar.select(x.get(1).cast(DType.BOOL), x.get(2).stored(x.get(0).dtype()), x.get(0)));
    }

    private static List<Scalar> promoted(OpArgs a, List<Scalar> x) {
        DType t = TypePromotion.common(a, 0, 1, 2);
        return x.stream().map(s -> s.cast(t)).toList();
    }

    private static void clamp(Registry r, String schema) {
        r.elementwise(schema, Shapes.broadcast(t -> t, 0, 1, 2), (a, x) -> {
            DType t = TypePromotion.common(a, 0, 1, 2);
            Scalar value = x.get(0).cast(t);
            value = a.isNone(1) ? value : of(MAX, value, x.get(1).stored(t));
            return a.isNone(2) ? value : of(MIN, value, x.get(2).stored(t));
        });
    }
}
