package dev.kiln.stages.trace.pt2;

import dev.kiln.ops.shape.SymInt;

/** A comparison of two sizes. */
record Condition(Relation relation, SymInt left, SymInt right) {
    enum Relation { EQUAL, DIFFERENT, LESS, AT_MOST }

    /** By Python's operator or SymPy's class. */
    static Condition of(String operator, SymInt left, SymInt right) {
        return switch (operator) {
            case "==", "eq", "Eq", "Equality" -> new Condition(Relation.EQUAL, left, right);
            case "!=", "ne", "Ne", "Unequality" -> new Condition(Relation.DIFFERENT, left, right);
            case "<", "lt", "Lt", "StrictLessThan" -> new Condition(Relation.LESS, left, right);
            case "<=", "le", "Le", "LessThan" -> new Condition(Relation.AT_MOST, left, right);
            case ">", "gt", "Gt", "StrictGreaterThan" -> new Condition(Relation.LESS, right, left);
            case ">=", "ge", "Ge", "GreaterThan" -> new Condition(Relation.AT_MOST, right, left);
            default -> throw new IllegalArgumentException("'" + operator + "' is no comparison");
        };
    }

    boolean isConstant() {
        return left.minus(right).isConstant();
    }

    @Override
    public String toString() {
        return left + switch (relation) {
            case EQUAL -> " == ";
            case DIFFERENT -> " != ";
            case LESS -> " < ";
            case AT_MOST -> " <= ";
        } + right;
    }
}
