package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.graph.Arg;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Comparisons, logic and tests of floating values; results are boolean. */
final class ComparisonImports {
    /** The ATen comparison, and the one that it is with its operands exchanged. */
    private static final Map<String, List<String>> COMPARISONS = Map.of("Equal", List.of("eq", "eq"),
        "Less", List.of("lt", "gt"), "LessOrEqual", List.of("le", "ge"), "Greater", List.of("gt", "lt"),
        "GreaterOrEqual", List.of("ge", "le"));

    private ComparisonImports() {
    }

    static void register(Registry r) {
        COMPARISONS.forEach((type, names) ->
            r.tensor(type, n -> compare(n, names.getFirst(), names.getLast())));
        Map.of("And", "logical_and", "Or", "logical_or", "Xor", "logical_xor").forEach((type, packet) ->
            r.tensor(type, n -> n.call("aten." + packet + ".default", n.tensor(0), n.legacyOperand())));
        r.tensor("Not", n -> n.call("aten.logical_not.default", n.tensor(0)));
        r.tensor("IsNaN", n -> n.call("aten.isnan.default", n.tensor(0)));
        r.tensor("IsInf", ComparisonImports::isInf);
    }

    private static Arg.Ref compare(NodeImport n, String packet, String exchanged) {
        ElementwiseImports.sameDType(n, 0, 1);
        Optional<Arg> left = n.number(0, n.valueRank(1));
        return left.isPresent() ? n.call("aten." + exchanged + ".Scalar", n.tensor(1), left.get())
            : ElementwiseImports.binary(n, packet);
    }

    private static Arg.Ref isInf(NodeImport n) {
        boolean negative = n.attributes().flag("detect_negative", true);
        boolean positive = n.attributes().flag("detect_positive", true);
        if (negative && positive) {
            return n.call("aten.isinf.default", n.tensor(0));
        }
        double which = positive ? Double.POSITIVE_INFINITY : Double.NEGATIVE_INFINITY;
        Arg.Ref infinite = n.call("aten.eq.Scalar", n.tensor(0), which);
        return positive || negative ? infinite
            : n.call("aten.logical_and.default", infinite, n.call("aten.logical_not.default", infinite));
    }
}
