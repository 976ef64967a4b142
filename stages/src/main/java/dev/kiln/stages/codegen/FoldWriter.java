package dev.kiln.stages.codegen;

import dev.kiln.ops.DType;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.lowering.LoopNode;
import dev.kiln.stages.lowering.ReduceOp;
import java.util.List;

/** Writes one reduction: the accumulator, and the step for an element. */
final class FoldWriter {
    private final LoopNode.Reduction node;
    private final List<SymInt> inner;
    private final KernelNames names;
    private final String accumulator;
    private final DType element;

    FoldWriter(LoopNode.Reduction node, List<SymInt> inner, KernelNames names) {
        this.node = node;
        this.inner = inner;
        this.names = names;
        this.accumulator = names.fresh("acc");
        this.element = node.body().dtype();
    }

    /** Only these have an order-free form that the vectoriser knows. */
    static boolean vectorizes(LoopNode node) {
        return !(node instanceof LoopNode.Reduction r) || r.op() == ReduceOp.SUM || r.op() == ReduceOp.PROD
            || r.op() == ReduceOp.ANY || r.op() == ReduceOp.ALL;
    }

    /** The variable that holds the result once the loop is done. */
    String result() {
        return isArg() ? accumulator + "_at" : accumulator;
    }

    String declaration(String indent) {
        String type = CTypes.computed(isArg() ? element : node.output().dtype());
        String text = indent + type + " " + accumulator + " = " + initial() + ";\n";
        return isArg() ? text + indent + "int64_t " + result() + " = -1;\n" : text;
    }

    private boolean isArg() {
        return node.op() == ReduceOp.ARGMAX || node.op() == ReduceOp.ARGMIN;
    }

    private String initial() {
        return switch (node.op()) {
            case SUM, ANY, ARGMAX, ARGMIN -> "0";
            case PROD, ALL -> "1";
            case MAX -> lowest(node.output().dtype(), true);
            case MIN -> lowest(node.output().dtype(), false);
        };
    }

    private static String lowest(DType dtype, boolean low) {
        return switch (dtype) {
            case F16, BF16, F32, F64, F8E4M3FN, F8E5M2 -> low ? "-KILN_INFINITY" : "KILN_INFINITY";
            case BOOL -> low ? "0" : "1";
            case U8 -> low ? "0" : "255";
            case U16 -> low ? "0" : "65535";
            case U32 -> low ? "0" : "4294967295u";
            case U64 -> low ? "0" : "~0ULL";
            case I8 -> low ? "-128" : "127";
            case I16 -> low ? "-32768" : "32767";
            case I32 -> low ? "(-2147483647 - 1)" : "2147483647";
            default -> low ? "(-9223372036854775807LL - 1)" : "9223372036854775807LL";
        };
    }

    String step(String value, String indent) {
        String a = accumulator;
        return switch (node.op()) {
            case SUM -> indent + a + (node.output().dtype() == DType.BOOL ? " |= " : " += ") + value + ";\n";
            case PROD -> indent + a + " *= " + value + ";\n";
            case ANY -> indent + a + " |= " + value + " != 0;\n";
            case ALL -> indent + a + " &= " + value + " != 0;\n";
            case MAX -> indent + a + " = " + extreme(">", "max", value) + ";\n";
            case MIN -> indent + a + " = " + extreme("<", "min", value) + ";\n";
            case ARGMAX -> arg(">", value, indent);
            case ARGMIN -> arg("<", value, indent);
        };
    }

    private String extreme(String sign, String function, String value) {
        DType dtype = node.output().dtype();
        return dtype.isFloating()
            ? "kiln_" + function + "_" + CTypes.arithmetic(dtype) + "(" + value + ", " + accumulator + ")"
            : value + " " + sign + " " + accumulator + " ? " + value + " : " + accumulator;
    }

    private String arg(String sign, String value, String indent) {
        String nan = element.isFloating()
            ? " || (" + value + " != " + value + " && " + accumulator + " == " + accumulator + ")" : "";
        SymInt place = SymInt.ZERO;
        for (int d = 0; d < inner.size(); d++) {
            place = place.times(inner.get(d)).plus(SymInt.symbol("j" + d));
        }
        return indent + "if (" + result() + " < 0 || " + value + " " + sign + " " + accumulator + nan + ") { "
            + accumulator + " = " + value + "; " + result() + " = " + names.index().print(place) + "; }\n";
    }
}
