package dev.kiln.stages.codegen;

import dev.kiln.ops.DType;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.lowering.LoopNode;
import dev.kiln.stages.lowering.ReduceOp;
import java.util.List;

/**
 * Writes one reduction: the accumulator, and the step for an element. With lanes there is an accumulator for each
 * point of the kept dimension that the innermost loop walks.
 */
final class FoldWriter {
    private final LoopNode.Reduction node;
    private final List<SymInt> inner;
    private final KernelNames names;
    private final Lanes lanes;
    private final boolean byStrips;
    private final String name;
    private final String accumulator;
    private final DType element;

    /**
     * @param lanes null for one accumulator
     * @param byStrips whether the loop goes in strips, each of which is folded at once; see {@link #foldsStrips}
     */
    FoldWriter(LoopNode.Reduction node, List<SymInt> inner, KernelNames names, Lanes lanes, boolean byStrips) {
        this.node = node;
        this.inner = inner;
        this.names = names;
        this.lanes = lanes;
        this.byStrips = byStrips;
        this.name = names.fresh("acc");
        this.accumulator = name + suffix();
        this.element = node.body().dtype();
    }

    private String suffix() {
        return lanes == null ? "" : "[l]";
    }

    /** Whether there are functions that fold strips of such values. */
    static boolean foldsStrips(LoopNode.Reduction node, boolean heedsNan) {
        return CTypes.arithmetic(node.output().dtype()) == DType.F32 && CTypes.arithmetic(node.body().dtype()) == DType.F32
            && (node.op() == ReduceOp.SUM || node.op() == ReduceOp.MAX && !heedsNan);
    }

    /** The others have an order-free form that the vectoriser knows. */
    static boolean isArg(LoopNode node) {
        return node instanceof LoopNode.Reduction r && (r.op() == ReduceOp.ARGMAX || r.op() == ReduceOp.ARGMIN);
    }

    /** The variable that holds the result once the loop is done. */
    String result() {
        return isArg(node) ? name + "_at" + suffix() : accumulator;
    }

    /** Whether a row's extreme is found by the bits of its elements. */
    private boolean byBits() {
        return lanes == null && !byStrips && (node.op() == ReduceOp.MAX || node.op() == ReduceOp.MIN)
            && CTypes.arithmetic(node.output().dtype()) == DType.F32;
    }

    private String bounds() {
        return name + "_bounds";
    }

    /** What is left to do after the loop. */
    String finish(String indent) {
        return byStrips ? indent + "const float " + name + " = kiln_lanes_" + function() + "(" + name + "_lanes);\n" : byBits() ? indent + "const float " + name + " = kiln_" + (node.op() == ReduceOp.MAX ? "highest" : "lowest")
            + "(" + bounds() + ");\n" : "";
    }

    String declaration(String indent) {
        if (byStrips) {
            return indent + "kiln_lanes " + name + "_lanes = (kiln_lanes)(" + initial() + ");\n";
        }
        if (byBits()) {
            return indent + "kiln_bounds " + bounds() + " = KILN_NO_BOUNDS;\n";
        }
        String type = CTypes.computed(isArg(node) ? element : node.output().dtype());
        if (lanes == null) {
            String text = indent + type + " " + name + " = " + initial() + ";\n";
            return isArg(node) ? text + indent + placeType() + " " + result() + " = -1;\n" : text;
        }
        String aligned = "[" + lanes.width() + "] __attribute__((aligned(64)));\n";
        String text = indent + type + " " + name + aligned;
        String set = accumulator + " = " + initial() + "; ";
        if (isArg(node)) {
            text += indent + placeType() + " " + name + "_at" + aligned;
            set += result() + " = -1; ";
        }
        return text + indent + "for (int64_t l = 0; l < w; l++) { " + set + "}\n";
    }

    private String function() {
        return node.op() == ReduceOp.SUM ? "sum" : "max";
    }

    /** What is declared for a strip, unless it is folded where it lies. */
    String strip(String indent) {
        return byStrips ? indent + "float " + name + "_strip[" + FetchAhead.ROW_STRIP + "] __attribute__((aligned(64)));\n"
            : "";
    }

    /** Folds the strip that the steps have left. */
    String foldStrip(String indent) {
        return byStrips ? foldStrip(name + "_strip", indent) : "";
    }

    /** Folds a strip. */
    String foldStrip(String place, String indent) {
        return indent + name + "_lanes = kiln_strip_" + function() + "(" + name + "_lanes, " + place + ", to - from, "
            + initial() + ");\n";
    }

    /** Places are counted in the width of the elements where that is enough. */
    private String placeType() {
        SymInt count = SymInt.product(inner);
        return count.isConstant() && count.asLong() < Integer.MAX_VALUE ? "int32_t" : "int64_t";
    }

    private String initial() {
        return switch (node.op()) {
            case SUM, ANY, ARGMAX, ARGMIN -> "0";
            case PROD, ALL -> "1";
            case MAX -> lowest(node.output().dtype(), true);
            case MIN -> lowest(node.output().dtype(), false);
        };
    }

    /** The value that loses against every other. */
    static String lowest(DType dtype, boolean low) {
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
        if (byStrips) {
            return indent + name + "_strip[j0 - from] = " + value + ";\n";
        }
        if (byBits()) {
            return indent + "kiln_widen(&" + bounds() + ", " + value + ");\n";
        }
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
        return dtype.isFloating() && lanes == null
            ? "kiln_fold_" + function + "(" + value + ", " + accumulator + ")"
            : dtype.isFloating()
            ? "kiln_" + function + "_" + CTypes.arithmetic(dtype) + "(" + value + ", " + accumulator + ")"
            : value + " " + sign + " " + accumulator + " ? " + value + " : " + accumulator;
    }

    /** Choices instead of branches, so that lanes vectorise; the first of equals stays. */
    private String arg(String sign, String value, String indent) {
        String nan = element.isFloating()
            ? " | ((" + value + " != " + value + ") & (" + accumulator + " == " + accumulator + "))" : "";
        SymInt place = SymInt.ZERO;
        for (int d = 0; d < inner.size(); d++) {
            place = place.times(inner.get(d)).plus(SymInt.symbol("j" + d));
        }
        String better = names.fresh("better");
        return indent + "const int " + better + " = (" + result() + " < 0) | (" + value + " " + sign + " "
            + accumulator + ")" + nan + ";\n" + indent + accumulator + " = " + better + " ? " + value + " : "
            + accumulator + ";\n" + indent + result() + " = " + better + " ? (" + placeType() + ")("
            + names.index().print(place) + ") : " + result() + ";\n";
    }
}
