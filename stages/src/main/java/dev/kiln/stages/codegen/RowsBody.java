package dev.kiln.stages.codegen;

import dev.kiln.kernels.toolchain.SharedCode;
import dev.kiln.ops.DType;
import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.scalar.ScalarOp;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.lowering.LoopNode;
import dev.kiln.stages.lowering.ReduceOp;
import dev.kiln.stages.schedule.KernelGroup;
import dev.kiln.stages.schedule.KernelGroup.Stage;
import dev.kiln.stages.schedule.KernelGroup.Statement;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Writes the stages of a row group, one loop nest each, and the arrays that they exchange rows by. */
final class RowsBody {
    private static final Set<ScalarOp> ELEMENTARY = EnumSet.of(ScalarOp.EXP, ScalarOp.EXPM1, ScalarOp.LOG, ScalarOp.LOG1P,
        ScalarOp.LOG2, ScalarOp.LOG10, ScalarOp.SIN, ScalarOp.COS, ScalarOp.TANH, ScalarOp.ERF, ScalarOp.SIGMOID,
        ScalarOp.POW);

    final KernelGroup.Rows group;
    final KernelNames names;
    private final boolean flat;
    final boolean eagerNumerics;
    final StringBuilder out = new StringBuilder();
    final Map<String, Statement> producers = new HashMap<>();
    final Map<String, String> rowArrays = new HashMap<>();
    final Map<String, String> folded = new HashMap<>();
    private final Lanes lanes;
    private final Transposes transposes;
    private final FetchAhead fetchAhead;
    final StreamedResults streamed;
    private final DelayedStage delayed;
    private final RowStrips strips;
    String decode = "";

    RowsBody(KernelGroup.Rows group, KernelNames names, boolean flat, boolean eagerNumerics) {
        this.eagerNumerics = eagerNumerics;
        this.group = group;
        this.names = names;
        this.flat = flat;
        group.stages().forEach(s -> s.statements().forEach(st -> producers.put(st.output().name(), st)));
        rowArrayNames();
        this.lanes = Lanes.of(group, longestRow()).orElse(null);
        this.transposes = Transposes.of(group, names).orElse(null);
        this.fetchAhead = lanes == null && transposes == null ? FetchAhead.of(group, flat).orElse(null) : null;
        this.delayed = fetchAhead == null || flat ? null
            : DelayedStage.of(group, names, rowArrays.keySet()).orElse(null);
        this.streamed = delayed != null ? delayed.results() : streamed();
        this.strips = new RowStrips(this, fetchAhead, delayed);
    }

    private StreamedResults streamed() {
        if (transposes == null && (!flat || fetchAhead == null)) {
            return StreamedResults.none();
        }
        return StreamedResults.of(group, group.stages().getFirst(), names, rowArrays.keySet(),
            transposes != null ? transposes.width() : FetchAhead.STRIP, transposes != null && transposes.whole());
    }

    /** What the loops call. */
    Set<SharedCode> parts() {
        return transposes == null ? Set.of() : Set.of(Transposes.FUNCTIONS);
    }

    /** Whether results go to memory past the caches. */
    boolean streams() {
        return !streamed.isEmpty();
    }

    /** The outer dimension that is walked in steps, or -1. */
    int steppedDim() {
        return lanes != null ? lanes.dim() : transposes != null ? transposes.dim() : -1;
    }

    /** Rows that are taken together. */
    long step() {
        return lanes != null ? lanes.width() : transposes != null ? Transposes.BLOCK : 1;
    }

    /** @param decode declares the loop variables of row {@code row} */
    String write(String indent, String decode) {
        this.decode = decode;
        if (delayed != null) {
            out.append(delayed.ownArrays(group, rowArrays, indent));
        }
        for (Stage stage : delayed == null ? group.stages() : group.stages().subList(0, DelayedStage.LAST)) {
            stage(stage, indent);
        }
        if (delayed != null) {
            strips.remember(indent);
        }
        return out.toString();
    }

    /** What is to be declared before the loop over rows, and done after it. */
    String beforeRows() {
        return delayed == null ? "" : delayed.declarations();
    }

    String afterRows() {
        return delayed == null ? "" : delayed.lastRow();
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

    private long longestRow() {
        return group.stages().stream().flatMap(stage -> stage.statements().stream()
            .filter(s -> rowArrays.containsKey(s.output().name())).map(s -> SymInt.product(stage.inner()).asLong()))
            .max(Long::compare).orElse(0L);
    }

    /** Declarations of the arrays, for all rows. */
    String arrays() {
        StringBuilder declarations = new StringBuilder();
        for (Stage stage : group.stages()) {
            for (Statement statement : stage.statements()) {
                String array = rowArrays.get(statement.output().name());
                if (array != null) {
                    long elements = SymInt.product(stage.inner()).asLong() * (delayed != null ? 2
                        : lanes == null ? 1 : lanes.width());
                    declarations.append("  ").append(CTypes.stored(statement.output().dtype())).append(' ')
                        .append(delayed == null ? array : DelayedStage.both(array)).append('[').append(elements)
                        .append("] __attribute__((aligned(64)));\n");
                }
            }
        }
        return declarations + (transposes == null ? "" : transposes.arrays())
            + (delayed == null ? streamed.arrays() : "");
    }

    private void stage(Stage stage, String indent) {
        List<Statement> together = new ArrayList<>();
        for (Statement statement : stage.statements()) {
            if (lanes == null && ArgSearch.takes(statement, stage)) {
                ArgSearch search = new ArgSearch(out, names, load -> load(load, stage, Map.of()), statement, stage);
                folded.put(statement.output().name(), search.write(indent));
            } else {
                together.add(statement);
            }
        }
        if (!together.isEmpty()) {
            loops(new Stage(stage.inner(), together), fetches(stage), indent);
        }
        storeFolded(stage, indent);
    }

    private boolean fetches(Stage stage) {
        return fetchAhead != null && group.stages().indexOf(stage) == (flat ? 0 : 1);
    }

    private void loops(Stage stage, boolean fetching, String indent) {
        boolean inStrips = strips.takes(stage, fetching);
        Map<Statement, FoldWriter> folds = new LinkedHashMap<>();
        for (Statement statement : stage.statements()) {
            if (statement.node() instanceof LoopNode.Reduction reduction) {
                FoldWriter fold = new FoldWriter(reduction, stage.inner(), names, lanes,
                    inStrips && strips.folds(statement));
                folds.put(statement, fold);
                folded.put(reduction.output().name(), fold.result());
                out.append(fold.declaration(indent));
            }
        }
        out.append(indent).append("{\n");
        if (eagerNumerics) {
            out.append(indent).append("  ").append(SourceUnits.CONTRACT_OFF).append('\n');
        }
        if (!folds.isEmpty() && lanes == null) {
            out.append(indent).append("  #pragma clang fp reassociate(on)\n");
        }
        if (inStrips) {
            strips.write(stage, folds, fetching, indent + "  ");
        } else {
            elements(stage, folds, fetching, indent);
        }
        out.append(indent).append("}\n");
        folds.values().forEach(f -> out.append(f.finish(indent)));
    }

    private void elements(Stage stage, Map<Statement, FoldWriter> folds, boolean fetching, String indent) {
        Map<Scalar, String> known = flat || steppedDim() >= 0 ? Map.of() : rowIndices(stage, indent + "  ");
        int opened = out.length();
        String inside = openLoops(stage, fetching, indent + "  ");
        int depth = out.substring(opened).split("\\{\n", -1).length - 1;
        statements(stage, folds, known, inside);
        for (int d = depth; d > 0; d--) {
            out.append(indent).append("  ".repeat(d)).append("}\n");
            if (d == depth && delayed == null) {
                streamed.write(out, indent + "  ".repeat(d));
            }
        }
    }

    private Map<Scalar, String> rowIndices(Stage stage, String indent) {
        ScalarWriter writer = new ScalarWriter(out, indent, names, load -> load(load, stage, Map.of()));
        Map<Scalar, String> known = new HashMap<>();
        RowIndices.of(stage).forEach(index -> known.put(index, writer.write(index)));
        return known;
    }

    /** One element of each statement. */
    void statements(Stage stage, Map<Statement, FoldWriter> folds, Map<Scalar, String> known, String indent) {
        Map<String, String> values = new HashMap<>();
        ScalarWriter writer = new ScalarWriter(out, indent, names, load -> load(load, stage, values), this::isNotPositive);
        known.forEach(writer::know);
        for (Statement statement : stage.statements()) {
            String value = writer.write(statement.body());
            if (folds.containsKey(statement)) {
                out.append(folds.get(statement).step(value, indent));
            } else {
                values.put(statement.output().name(), value);
                store(statement, value, indent);
            }
        }
    }

    /** Whether a value is an element less the maximum of all such. */
    boolean isNotPositive(Scalar value) {
        if (value instanceof Scalar.Load load && producers.get(load.buffer()) instanceof Statement s
                && s.node() instanceof LoopNode.Pointwise && s.store().equals(load.index())) {
            return isNotPositive(s.body());
        }
        return value instanceof Scalar.Apply(ScalarOp op, List<Scalar> args, var dtype) && op == ScalarOp.SUB
            && args.get(1) instanceof Scalar.Load most && producers.containsKey(most.buffer())
            && producers.get(most.buffer()).node() instanceof LoopNode.Reduction r && r.op() == ReduceOp.MAX
            && producers.get(most.buffer()).body().equals(args.get(0));
    }

    private String openLoops(Stage stage, boolean fetching, String indent) {
        if (transposes != null || fetching) {
            String inside = fetching ? openFlat(indent) : transposes.open(out, indent);
            String vectorize = vectorizable(stage) ? inside + vectorize(stage) : "";
            out.append(vectorize).append(inside).append("for (int64_t j0 = from; j0 < to; j0++) {\n");
            return inside + "  ";
        }
        boolean window = lanes != null && Lanes.isWindow(stage);
        String inside = window ? openLanes(indent) : indent;
        for (int d = 0; d < stage.inner().size(); d++) {
            boolean last = d == stage.inner().size() - 1;
            if (window) {
                out.append(inside).append("#pragma clang loop unroll(full)\n");
            } else if (last && lanes == null && vectorizable(stage)) {
                out.append(inside).append(vectorize(stage));
            }
            String from = flat ? "begin" : "0";
            String to = flat ? "end" : names.index().print(stage.inner().get(d));
            out.append(inside).append("for (int64_t j").append(d).append(" = ").append(from).append("; j").append(d)
                .append(" < ").append(to).append("; j").append(d).append("++) {\n");
            inside += "  ";
        }
        return lanes != null && !window ? openLanes(inside) : inside;
    }

    private String openFlat(String indent) {
        String inside = fetchAhead.open(out, names, indent);
        fetchAhead.fetch(out, names, streamed, inside);
        return inside;
    }

    private String openLanes(String indent) {
        out.append(indent).append("#pragma clang loop vectorize(assume_safety)\n").append(indent)
            .append("for (int64_t l = 0; l < w; l++) {\n").append(indent).append("  const int64_t ")
            .append(lanes.variable()).append(" = first + l;\n");
        return indent + "  ";
    }

    /** Elementary functions are long chains: a processor's window holds too few vectors of them unless several mix. */
    static String vectorize(Stage stage) {
        boolean chains = stage.statements().stream().anyMatch(s -> applies(s.body(), ELEMENTARY));
        return "#pragma clang loop vectorize(assume_safety)" + (chains ? " interleave_count(4)\n" : "\n");
    }

    private static boolean applies(Scalar body, Set<ScalarOp> ops) {
        boolean[] found = {false};
        body.rewrite(s -> {
            found[0] |= s instanceof Scalar.Apply apply && ops.contains(apply.op());
            return s;
        });
        return found[0];
    }

    static boolean vectorizable(Stage stage) {
        return stage.statements().stream().allMatch(s -> !FoldWriter.isArg(s.node()) && !gathers(s.body()));
    }

    private static boolean gathers(Scalar body) {
        boolean[] found = {false};
        body.rewrite(s -> {
            found[0] |= s instanceof Scalar.Gather g
                && g.indirect().stream().anyMatch(i -> LoopNode.buffersOf(i).size() > 0 && RowIndices.dependsOnInner(i));
            return s;
        });
        return found[0];
    }

    String load(Scalar.Load load, Stage stage, Map<String, String> values) {
        Statement producer = producers.get(load.buffer());
        if (producer == null) {
            Optional<String> tile = transposes == null ? Optional.empty() : transposes.element(load);
            return tile.isPresent() ? tile.get() : memory(load);
        }
        if (folded.containsKey(load.buffer())) {
            return folded.get(load.buffer());
        }
        if (stage.statements().contains(producer)) {
            return values.get(load.buffer());
        }
        String array = rowArrays.get(load.buffer());
        return array == null ? memory(load) : ScalarWriter.element(array, place(load.index()), load.dtype());
    }

    private String memory(Scalar.Load load) {
        return ScalarWriter.element(names.pointer(load.buffer()), names.index().print(load.index()), load.dtype());
    }

    /** An index in a row array: what is left of one in the buffer without the part that says which row. */
    private String place(SymInt index) {
        Map<String, SymInt> zero = new HashMap<>();
        for (int d = 0; d < group.outer().size(); d++) {
            zero.put("i" + d, SymInt.ZERO);
        }
        String within = names.index().print(index.substitute(zero));
        return lanes == null ? within : "(" + within + ") * " + lanes.width() + " + l";
    }

    void store(Statement statement, String value, String indent) {
        String buffer = statement.output().name();
        String array = rowArrays.get(buffer);
        if (array != null) {
            out.append(indent).append(array).append('[').append(place(statement.store()))
                .append("] = ").append(CTypes.storing(value, statement.output().dtype())).append(";\n");
        }
        if (streamed.has(buffer)) {
            out.append(indent).append(streamed.element(buffer)).append(" = ")
                .append(CTypes.storing(value, statement.output().dtype())).append(";\n");
        } else if (!group.internal().contains(buffer)) {
            out.append(indent).append(names.target(buffer)).append('[').append(names.index().print(statement.store()))
                .append("] = ").append(CTypes.storing(value, statement.output().dtype())).append(";\n");
        }
    }

    private void storeFolded(Stage stage, String indent) {
        for (Statement statement : stage.statements()) {
            String buffer = statement.output().name();
            if (statement.node() instanceof LoopNode.Reduction && !group.internal().contains(buffer)) {
                String inside = lanes == null ? indent : openLanes(indent);
                out.append(inside).append(names.target(buffer)).append('[')
                    .append(names.index().print(statement.store())).append("] = ")
                    .append(CTypes.storing(folded.get(buffer), statement.output().dtype())).append(";\n");
                out.append(lanes == null ? "" : indent + "}\n");
            }
        }
    }
}
