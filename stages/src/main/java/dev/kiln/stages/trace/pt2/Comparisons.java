package dev.kiln.stages.trace.pt2;

import dev.kiln.ops.shape.Guard;
import dev.kiln.ops.shape.Guard.Relation;
import dev.kiln.ops.shape.SymInt;

/** Comparisons of sizes. */
final class Comparisons {
    private Comparisons() {
    }

    /** By Python's operator or SymPy's class. */
    static Guard of(String operator, SymInt left, SymInt right) {
        return switch (operator) {
            case "==", "eq", "Eq", "Equality" -> Guard.equal(left, right);
            case "!=", "ne", "Ne", "Unequality" -> new Guard.Compare(Relation.NE, left, right);
            case "<", "lt", "Lt", "StrictLessThan" -> Guard.less(left, right);
            case "<=", "le", "Le", "LessThan" -> Guard.atMost(left, right);
            case ">", "gt", "Gt", "StrictGreaterThan" -> Guard.less(right, left);
            case ">=", "ge", "Ge", "GreaterThan" -> Guard.atMost(right, left);
            default -> throw new IllegalArgumentException("'" + operator + "' is no comparison");
        };
    }
}
