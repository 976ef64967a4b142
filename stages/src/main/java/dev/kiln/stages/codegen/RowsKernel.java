package dev.kiln.stages.codegen;

import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.lowering.Buffer;
import dev.kiln.stages.lowering.LoopNode;
import dev.kiln.stages.schedule.KernelGroup;
import dev.kiln.stages.schedule.KernelGroup.Stage;
import dev.kiln.stages.schedule.KernelGroup.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Writes a row group as C: a loop over rows, in it one loop nest a stage. */
final class RowsKernel {
    private final KernelGroup.Rows group;
    private final List<String> symbols;
    private final KernelNames names;
    private final StringBuilder out = new StringBuilder();
    private final Map<String, Statement> producers = new HashMap<>();
    private final Map<String, String> rowArrays = new HashMap<>();
    private final Map<String, String> folded = new HashMap<>();
    private final boolean flat;
    private final boolean eagerNumerics;

    /** @param eagerNumerics whether pointwise arithmetic must be that of PyTorch's eager mode, bit for bit */
    RowsKernel(KernelGroup.Rows group, List<String> symbols, java.util.function.Function<String, Buffer> buffers,
            boolean eagerNumerics) {
        this.eagerNumerics = eagerNumerics;
        this.group = group;
        this.symbols = symbols;
        this.names = new KernelNames(buffers);
        this.flat = group.outer().isEmpty() && group.stages().size() == 1
            && group.stages().getFirst().inner().size() == 1
            && group.stages().getFirst().statements().stream().allMatch(s -> s.node() instanceof LoopNode.Pointwise);
        group.stages().forEach(s -> s.statements().forEach(st -> producers.put(st.output().name(), st)));
    }

    List<String> arguments() {
        return names.arguments();
    }

    /** The source; the kernel is called {@code KERNEL} in it. */
    String write() {
        rowArrayNames();
        StringBuilder body = new StringBuilder();
        String indent = flat ? "  " : "    ";
        for (Stage stage : group.stages()) {
            stage(stage, indent);
        }
        body.append(out);
        String rows = names.index().print(flat ? group.stages().getFirst().inner().getFirst()
            : SymInt.product(group.outer()));
        String cost = names.index().print(cost());
        String decode = flat ? "" : decodeRow();
        return "static void KERNEL(void* ctx, int64_t begin, int64_t end, int32_t worker) {\n"
            + "  const kiln_args* args = (const kiln_args*)ctx;\n  (void)worker;\n"
            + names.declarations(symbols, "  ") + rowArrayDeclarations()
            + (flat ? body : "  for (int64_t row = begin; row < end; row++) {\n" + decode + body + "  }\n")
            + "}\n"
            + "KILN_HIDDEN void launch_KERNEL(const kiln_args* args) {\n"
            + names.index().declarations(symbols, "  ")
            + "  args->call->rt->parallel_for(args->call->rt->pool, KERNEL, (void*)args, " + rows + ", kiln_grain("
            + cost + "));\n}\n";
    }

    /** Scalar operations a row (or an element, if flat). */
    private SymInt cost() {
        SymInt cost = SymInt.ZERO;
        for (Stage stage : group.stages()) {
            long operations = stage.statements().stream().mapToLong(s -> 1 + operations(s.body())).sum();
            cost = cost.plus((flat ? SymInt.ONE : SymInt.product(stage.inner())).times(operations));
        }
        return cost;
    }

    private static long operations(Scalar body) {
        Set<Scalar> distinct = new HashSet<>();
        body.rewrite(s -> {
            if (s instanceof Scalar.Apply) {
                distinct.add(s);
            }
            return s;
        });
        return distinct.size();
    }

    private String decodeRow() {
        StringBuilder decode = new StringBuilder();
        int rank = group.outer().size();
        if (rank == 1) {
            return "    const int64_t i0 = row;\n";
        }
        String rest = "row";
        for (int d = rank - 1; d >= 0; d--) {
            String size = "(" + names.index().print(group.outer().get(d)) + ")";
            decode.append("    const int64_t i").append(d).append(" = ").append(rest)
                .append(d == 0 ? "" : " % " + size).append(";\n");
            if (d > 0) {
                decode.append("    const int64_t row").append(d).append(" = ").append(rest).append(" / ").append(size)
                    .append(";\n");
                rest = "row" + d;
            }
        }
        return decode.toString();
    }

    /** Internal pointwise results that a later stage reads are kept in an array of one row. */
    private void rowArrayNames() {
        for (int later = 1; later < group.stages().size(); later++) {
            Set<String> earlier = new HashSet<>();
            group.stages().subList(0, later).forEach(s -> s.statements().forEach(st -> earlier.add(st.output().name())));
            for (Statement statement : group.stages().get(later).statements()) {
                for (String read : LoopNode.buffersOf(statement.body())) {
                    if (earlier.contains(read) && group.internal().contains(read)
                            && producers.get(read).node() instanceof LoopNode.Pointwise) {
                        rowArrays.computeIfAbsent(read, r -> names.fresh("row_"));
                    }
                }
            }
        }
    }

    private String rowArrayDeclarations() {
        StringBuilder declarations = new StringBuilder();
        for (Stage stage : group.stages()) {
            for (Statement statement : stage.statements()) {
                String array = rowArrays.get(statement.output().name());
                if (array != null) {
                    declarations.append("  ").append(CTypes.stored(statement.output().dtype())).append(' ')
                        .append(array).append('[').append(SymInt.product(stage.inner()).asLong())
                        .append("] __attribute__((aligned(64)));\n");
                }
            }
        }
        return declarations.toString();
    }

    private void stage(Stage stage, String indent) {
        List<FoldWriter> folds = new ArrayList<>();
        for (Statement statement : stage.statements()) {
            if (statement.node() instanceof LoopNode.Reduction reduction) {
                FoldWriter fold = new FoldWriter(reduction, stage.inner(), names);
                folds.add(fold);
                folded.put(reduction.output().name(), fold.result());
                out.append(fold.declaration(indent));
            }
        }
        out.append(indent).append("{\n");
        if (eagerNumerics) {
            out.append(indent).append("  ").append(SourceUnits.CONTRACT_OFF).append('\n');
        }
        if (!eagerNumerics || !folds.isEmpty()) {
            out.append(indent).append("  #pragma clang fp reassociate(on)\n");
        }
        String inside = openLoops(stage, indent + "  ");
        Map<String, String> values = new HashMap<>();
        ScalarWriter writer = new ScalarWriter(out, inside, names, load -> load(load, stage, values));
        int fold = 0;
        for (Statement statement : stage.statements()) {
            String value = writer.write(statement.body());
            if (statement.node() instanceof LoopNode.Reduction) {
                out.append(folds.get(fold++).step(value, inside));
            } else {
                values.put(statement.output().name(), value);
                store(statement, value, inside);
            }
        }
        closeLoops(stage, indent + "  ");
        out.append(indent).append("}\n");
        storeFolded(stage, indent);
    }

    private String openLoops(Stage stage, String indent) {
        String inside = indent;
        for (int d = 0; d < stage.inner().size(); d++) {
            boolean last = d == stage.inner().size() - 1;
            if (last && vectorizable(stage)) {
                out.append(inside).append("#pragma clang loop vectorize(assume_safety)\n");
            }
            String from = flat ? "begin" : "0";
            String to = flat ? "end" : names.index().print(stage.inner().get(d));
            out.append(inside).append("for (int64_t j").append(d).append(" = ").append(from).append("; j").append(d)
                .append(" < ").append(to).append("; j").append(d).append("++) {\n");
            inside += "  ";
        }
        return inside;
    }

    private static boolean vectorizable(Stage stage) {
        return stage.statements().stream().allMatch(s -> FoldWriter.vectorizes(s.node()) && !gathers(s.body()));
    }

    private static boolean gathers(Scalar body) {
        boolean[] found = {false};
        body.rewrite(s -> {
            found[0] |= s instanceof Scalar.Gather g
                && g.indirect().stream().anyMatch(i -> LoopNode.buffersOf(i).size() > 0 && dependsOnInner(i));
            return s;
        });
        return found[0];
    }

    private static boolean dependsOnInner(Scalar index) {
        return index.toString().matches("(?s).*\\bj\\d+\\b.*");
    }

    private void closeLoops(Stage stage, String indent) {
        for (int d = stage.inner().size() - 1; d >= 0; d--) {
            out.append(indent).append("  ".repeat(d)).append("}\n");
        }
    }

    private String load(Scalar.Load load, Stage stage, Map<String, String> values) {
        Statement producer = producers.get(load.buffer());
        if (producer == null) {
            return memory(load);
        }
        if (folded.containsKey(load.buffer())) {
            return folded.get(load.buffer());
        }
        if (stage.statements().contains(producer)) {
            return values.get(load.buffer());
        }
        String array = rowArrays.get(load.buffer());
        return array == null ? memory(load)
            : ScalarWriter.element(array, names.index().print(withinRow(load.index())), load.dtype());
    }

    private String memory(Scalar.Load load) {
        return ScalarWriter.element(names.pointer(load.buffer()), names.index().print(load.index()), load.dtype());
    }

    /** The index without the part that says which row. */
    private SymInt withinRow(SymInt index) {
        Map<String, SymInt> zero = new HashMap<>();
        for (int d = 0; d < group.outer().size(); d++) {
            zero.put("i" + d, SymInt.ZERO);
        }
        return index.substitute(zero);
    }

    private void store(Statement statement, String value, String indent) {
        String buffer = statement.output().name();
        String array = rowArrays.get(buffer);
        if (array != null) {
            out.append(indent).append(array).append('[').append(names.index().print(withinRow(statement.store())))
                .append("] = ").append(CTypes.storing(value, statement.output().dtype())).append(";\n");
        }
        if (!group.internal().contains(buffer)) {
            out.append(indent).append(names.target(buffer)).append('[').append(names.index().print(statement.store()))
                .append("] = ").append(CTypes.storing(value, statement.output().dtype())).append(";\n");
        }
    }

    private void storeFolded(Stage stage, String indent) {
        for (Statement statement : stage.statements()) {
            String buffer = statement.output().name();
            if (statement.node() instanceof LoopNode.Reduction && !group.internal().contains(buffer)) {
                out.append(indent).append(names.target(buffer)).append('[')
                    .append(names.index().print(statement.store())).append("] = ")
                    .append(CTypes.storing(folded.get(buffer), statement.output().dtype())).append(";\n");
            }
        }
    }
}
