package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.shape.Guard;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.BinaryOperator;

/**
 * Evaluates shape arithmetic while importing: an op whose inputs are all known small integers gives known
 * integers and no node. What a comparison of symbols leaves open is decided by the hints, under a guard.
 */
final class ShapeFolding {
    /** The result for all-known inputs (null for one left out), or null where it is not worth knowing. */
    @FunctionalInterface
    private interface Fold {
        KnownInts apply(NodeImport node, List<KnownInts> inputs);
    }

    private static final Map<String, Fold> FOLDS = Map.ofEntries(
        Map.entry("Identity", (n, in) -> in.getFirst()),
        Map.entry("Cast", ShapeFolding::cast),
        Map.entry("Add", arithmetic(SymInt::plus)),
        Map.entry("Sub", arithmetic(SymInt::minus)),
        Map.entry("Mul", arithmetic(SymInt::times)),
        Map.entry("Min", arithmetic(SymInt::min)),
        Map.entry("Max", arithmetic(SymInt::max)),
        Map.entry("Div", ShapeFolding::divide),
        Map.entry("Mod", ShapeFolding::modulo),
        Map.entry("Neg", (n, in) -> in.getFirst().map(in.getFirst().dtype(), SymInt::negate)),
        Map.entry("Equal", comparison(Guard::equal)),
        Map.entry("Less", comparison(Guard::less)),
        Map.entry("LessOrEqual", comparison(Guard::atMost)),
        Map.entry("Greater", comparison((a, b) -> Guard.less(b, a))),
        Map.entry("GreaterOrEqual", comparison((a, b) -> Guard.atMost(b, a))),
        Map.entry("Not", (n, in) -> in.getFirst().map(DType.BOOL, v -> bool(v.is(0)))),
        Map.entry("And", arithmetic((a, b) -> bool(!a.is(0) && !b.is(0)))),
        Map.entry("Or", arithmetic((a, b) -> bool(!a.is(0) || !b.is(0)))),
        Map.entry("Where", ShapeFolding::where),
        Map.entry("Gather", ShapeFoldingViews::gather),
        Map.entry("Concat", ShapeFoldingViews::concat),
        Map.entry("Slice", ShapeFoldingViews::slice),
        Map.entry("Transpose", ShapeFoldingViews::transpose),
        Map.entry("Unsqueeze", ShapeFoldingViews::unsqueeze),
        Map.entry("Squeeze", ShapeFoldingViews::squeeze),
        Map.entry("Reshape", ShapeFoldingViews::reshape),
        Map.entry("Expand", ShapeFoldingViews::expand),
        Map.entry("ConstantOfShape", ShapeFoldingViews::constantOfShape),
        Map.entry("Range", ShapeFoldingViews::range),
        Map.entry("ReduceProd", reduction(SymInt::times)),
        Map.entry("ReduceSum", reduction(SymInt::plus)),
        Map.entry("ReduceMax", reduction(SymInt::max)),
        Map.entry("ReduceMin", reduction(SymInt::min)));

    private ShapeFolding() {
    }

    static Optional<List<Value>> fold(String op, NodeImport node) {
        Fold fold = FOLDS.get(op);
        if (fold == null || node.inputs() == 0) {
            return Optional.empty();
        }
        List<KnownInts> inputs = new ArrayList<>();
        for (int i = 0; i < node.inputs(); i++) {
            Optional<KnownInts> known = node.has(i) ? node.known(i) : Optional.empty();
            if (node.has(i) && known.isEmpty()) {
                return Optional.empty();
            }
            inputs.add(known.orElse(null));
        }
        try {
            return Optional.ofNullable(fold.apply(node, inputs)).map(v -> List.of(new Value.Known(v)));
        } catch (ArithmeticException overflowOrDivisionByZero) {
            return Optional.empty();
        }
    }

    static SymInt bool(boolean value) {
        return value ? SymInt.ONE : SymInt.ZERO;
    }

    private static KnownInts cast(NodeImport n, List<KnownInts> in) {
        int code = (int) n.attributes().integer("to", 0);
        if (QuantizedType.isFourBits(code)) {
            return null;
        }
        DType to = OnnxTypes.dtype(code, "attribute 'to'");
        return switch (to.kind()) {
            case FLOATING, COMPLEX -> null;
            case BOOLEAN -> compared(n, in.getFirst(), KnownInts.scalar(DType.I64, SymInt.ZERO),
                (a, b) -> Guard.equal(a, b).negated());
            case INTEGRAL -> in.getFirst().map(to, v -> v);
        };
    }

    private static Fold arithmetic(BinaryOperator<SymInt> operator) {
        return (n, in) -> {
            KnownInts result = in.getFirst();
            for (KnownInts next : in.subList(1, in.size())) {
                result = result.zip(next, result.dtype(), operator);
            }
            return result;
        };
    }

    /** ONNX divides towards zero, a SymInt towards minus infinity: the same where nothing is negative. */
    private static KnownInts divide(NodeImport n, List<KnownInts> in) {
        if (in.getFirst().isConstant() && in.get(1).isConstant()) {
            return in.getFirst().zip(in.get(1), in.getFirst().dtype(), (a, b) ->
                SymInt.of(a.asLong() / b.asLong()));
        }
        return nonNegative(n, in.get(1), 1)
            ? in.getFirst().zip(in.get(1), in.getFirst().dtype(), (a, b) -> towardsZero(n.shapes(), a, b)) : null;
    }

    private static SymInt towardsZero(ShapeEnv shapes, SymInt a, SymInt positive) {
        if (shapes.isUnbacked(a) && shapes.bounds(a).min() < 0) {
            return a.max(SymInt.ZERO).floorDiv(positive).minus(a.negate().max(SymInt.ZERO).floorDiv(positive));
        }
        return shapes.less(a, SymInt.ZERO) ? a.negate().floorDiv(positive).negate() : a.floorDiv(positive);
    }

    private static KnownInts modulo(NodeImport n, List<KnownInts> in) {
        boolean truncating = n.attributes().flag("fmod", false);
        boolean safe = !truncating || nonNegative(n, in.getFirst(), 0) && nonNegative(n, in.get(1), 1);
        return safe ? in.getFirst().zip(in.get(1), in.getFirst().dtype(), SymInt::mod) : null;
    }

    private static boolean nonNegative(NodeImport n, KnownInts ints, long least) {
        return ints.values().stream().allMatch(v -> n.shapes().bounds(v).min() >= least);
    }

    private static Fold comparison(BiFunction<SymInt, SymInt, Guard> guard) {
        return (n, in) -> compared(n, in.getFirst(), in.get(1), guard);
    }

    /** Nothing where data decides: then the comparison is a tensor, which a branch can take. */
    private static KnownInts compared(NodeImport n, KnownInts left, KnownInts right,
            BiFunction<SymInt, SymInt, Guard> guard) {
        List<Guard> open = new ArrayList<>();
        KnownInts result = left.zip(right, DType.BOOL, (a, b) -> {
            Guard asked = guard.apply(a, b);
            if (n.shapes().dependsOnData(asked)) {
                open.add(asked);
                return SymInt.ZERO;
            }
            return bool(n.shapes().evaluate(asked));
        });
        return open.isEmpty() ? result : null;
    }

    private static KnownInts where(NodeImport n, List<KnownInts> in) {
        List<Long> sizes = KnownInts.broadcast(in.getFirst().sizes(),
            KnownInts.broadcast(in.get(1).sizes(), in.get(2).sizes()));
        List<SymInt> condition = in.getFirst().broadcastTo(sizes).values();
        List<SymInt> yes = in.get(1).broadcastTo(sizes).values();
        List<SymInt> no = in.get(2).broadcastTo(sizes).values();
        List<SymInt> result = new ArrayList<>();
        for (int i = 0; i < condition.size(); i++) {
            result.add(condition.get(i).is(0) ? no.get(i) : yes.get(i));
        }
        return new KnownInts(in.get(1).dtype(), sizes, result);
    }

    /** Of vectors and scalars only, over everything. */
    private static Fold reduction(BinaryOperator<SymInt> operator) {
        return (n, in) -> {
            KnownInts x = in.getFirst();
            boolean noop = n.attributes().flag("noop_with_empty_axes", false) && in.size() < 2
                && !n.attributes().has("axes");
            if (x.rank() != 1 || x.values().isEmpty() || x.dtype() == DType.BOOL || noop
                    || in.size() > 1 && in.get(1) != null && in.get(1).values().isEmpty()) {
                return null;
            }
            boolean keep = n.attributes().flag("keepdims", true);
            return new KnownInts(x.dtype(), keep ? List.of(1L) : List.of(),
                List.of(x.values().stream().reduce(operator).orElseThrow()));
        };
    }
}
