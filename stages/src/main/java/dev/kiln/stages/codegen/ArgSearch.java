package dev.kiln.stages.codegen;

import dev.kiln.ops.DType;
import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.lowering.LoopNode;
import dev.kiln.stages.lowering.ReduceOp;
import dev.kiln.stages.schedule.KernelGroup.Stage;
import dev.kiln.stages.schedule.KernelGroup.Statement;
import java.util.function.Function;

/**
 * The first place of a row's extreme in two vectorised steps: the extreme of each block, of which only the block
 * is remembered; then the first place in the block that won.
 */
final class ArgSearch {
    private static final int BLOCK = 256;

    private final StringBuilder out;
    private final KernelNames names;
    private final Function<Scalar.Load, String> loads;
    private final Statement statement;
    private final String length;
    private final String name;

    ArgSearch(StringBuilder out, KernelNames names, Function<Scalar.Load, String> loads, Statement statement,
            Stage stage) {
        this.out = out;
        this.names = names;
        this.loads = loads;
        this.statement = statement;
        this.length = names.index().print(stage.inner().getFirst());
        this.name = names.fresh("arg");
    }

    /** Whether the statement of a stage can be searched for on its own, over one loop. */
    static boolean takes(Statement statement, Stage stage) {
        boolean own = LoopNode.buffersOf(statement.body()).stream().noneMatch(
            b -> stage.statements().stream().anyMatch(s -> s.output().name().equals(b)));
        return FoldWriter.isArg(statement.node()) && own && stage.inner().size() == 1;
    }

    /** Writes the search; returns the variable that holds the place. */
    String write(String indent) {
        LoopNode.Reduction node = (LoopNode.Reduction) statement.node();
        boolean max = node.op() == ReduceOp.ARGMAX;
        DType element = node.body().dtype();
        String type = CTypes.computed(element);
        String lowest = FoldWriter.lowest(element, max);
        String best = name + "_best";
        String at = name + "_at";
        String to = " + " + BLOCK + ", " + length + ");\n";
        line(indent, type + " " + best + " = " + lowest + ";");
        line(indent, "int64_t " + at + " = -1;");
        line(indent, "for (int64_t from = 0; from < " + length + "; from += " + BLOCK + ") {");
        out.append(indent).append("  const int64_t to = kiln_imin(from").append(to);
        if (CTypes.arithmetic(element) == DType.F32) {
            line(indent, "  kiln_bounds bounds = KILN_NO_BOUNDS;");
            loop(indent + "  ", "from", value -> "kiln_widen(&bounds, " + value + ");");
            line(indent, "  const float part = kiln_" + (max ? "highest" : "lowest") + "(bounds);");
        } else {
            line(indent, "  " + type + " part = " + lowest + ";");
            loop(indent + "  ", "from", value -> "part = " + (element.isFloating()
                ? "kiln_fold_" + (max ? "max" : "min") + "(" + value + ", part);"
                : value + (max ? " > " : " < ") + "part ? " + value + " : part;"));
        }
        line(indent, "  if (" + at + " < 0 || part " + (max ? ">" : "<") + " " + best + " || (part != part && " + best
            + " == " + best + ")) { " + best + " = part; " + at + " = from; }");
        line(indent, "}");
        line(indent, "{");
        out.append(indent).append("  const int64_t to = kiln_imin(").append(at).append(to);
        line(indent, "  int32_t place = " + BLOCK + ";");
        loop(indent + "  ", at, value -> "const int32_t here = (" + value + " == " + best + ") | (" + value + " != "
            + value + ") ? (int32_t)(j0 - " + at + ") : " + BLOCK + "; place = here < place ? here : place;");
        line(indent, "  " + at + " += place;");
        line(indent, "}");
        return at;
    }

    private void loop(String indent, String from, Function<String, String> step) {
        line(indent, "#pragma clang loop vectorize(assume_safety)");
        line(indent, "for (int64_t j0 = " + from + "; j0 < to; j0++) {");
        String value = new ScalarWriter(out, indent + "  ", names, loads).write(statement.body());
        line(indent + "  ", step.apply(value));
        line(indent, "}");
    }

    private void line(String indent, String text) {
        out.append(indent).append(text).append('\n');
    }
}
