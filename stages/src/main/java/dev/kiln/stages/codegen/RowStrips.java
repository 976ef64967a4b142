package dev.kiln.stages.codegen;

import dev.kiln.ops.DType;
import dev.kiln.ops.scalar.Scalar;
import dev.kiln.stages.lowering.LoopNode;
import dev.kiln.stages.schedule.KernelGroup.Stage;
import dev.kiln.stages.schedule.KernelGroup.Statement;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Stages of large rows that are taken in strips: {@link FetchAhead} asks for memory there, {@link DelayedStage} stores. */
final class RowStrips {
    private final RowsBody body;
    private final FetchAhead fetchAhead;
    private final DelayedStage delayed;
    private final Map<Scalar, String> keptValues = new LinkedHashMap<>();

    /**
     * For the stages of a row group.
     *
     * @param fetchAhead null if nothing is taken in strips
     * @param delayed null if each stage is done in its own row
     */
    RowStrips(RowsBody body, FetchAhead fetchAhead, DelayedStage delayed) {
        this.body = body;
        this.fetchAhead = fetchAhead;
        this.delayed = delayed;
    }

    /** Whether a stage is taken in strips: the second because it fetches, the first if its folds gain by it. */
    boolean takes(Stage stage, boolean fetching) {
        return fetchAhead != null && fetchAhead.outer() >= 0 && (fetching || stage.inner().size() == 1
            && stage.inner().getFirst().equals(fetchAhead.length()) && stage.statements().stream().allMatch(this::folds));
    }

    /** Whether a fold goes by whole strips. */
    boolean folds(Statement statement) {
        return statement.node() instanceof LoopNode.Reduction fold
            && FoldWriter.foldsStrips(fold, !NanReach.without(body.group, statement));
    }

    /** A row in strips; sums and maxima of what lies in memory need no loop of their own. */
    void write(Stage stage, Map<Statement, FoldWriter> folds, boolean fetching, String indent) {
        ScalarWriter once = new ScalarWriter(body.out, indent, body.names, load -> body.folded.get(load.buffer()));
        Map<Scalar, String> known = new HashMap<>();
        RowValues.of(stage, body.folded.keySet()).values().forEach(v -> known.put(v, once.write(v)));
        List<Statement> lying = stage.statements().stream().filter(this::liesInMemory).toList();
        List<Statement> rest = stage.statements().stream().filter(s -> !lying.contains(s)).toList();
        String inside = fetchAhead.open(body.out, body.names, indent);
        if (fetching) {
            fetchAhead.fetch(body.out, body.names, body.streamed, inside);
        }
        rest.forEach(s -> body.out.append(folds.containsKey(s) ? folds.get(s).strip(inside) : ""));
        if (!rest.isEmpty()) {
            body.out.append(RowsBody.vectorizable(stage) ? inside + RowsBody.vectorize(stage) : "").append(inside)
                .append("for (int64_t j0 = from; j0 < to; j0++) {\n");
            body.statements(new Stage(stage.inner(), rest), folds, known, inside + "  ");
            body.out.append(inside).append("}\n");
        }
        rest.forEach(s -> body.out.append(folds.containsKey(s) ? folds.get(s).foldStrip(inside) : ""));
        lying.forEach(s -> body.out.append(foldWhereItLies(s, folds.get(s), inside)));
        if (delayed != null && fetching) {
            delayedStage(inside);
        }
        body.out.append(indent).append("}\n");
    }

    private boolean liesInMemory(Statement statement) {
        return folds(statement) && fetchAhead.whole() && statement.body() instanceof Scalar.Load load
            && load.dtype() == DType.F32 && !body.producers.containsKey(load.buffer()) && fetchAhead.runsAlong(load);
    }

    private String foldWhereItLies(Statement statement, FoldWriter fold, String indent) {
        Scalar.Load load = (Scalar.Load) statement.body();
        String place = body.names.pointer(load.buffer()) + " + " + body.names.index().print(load.index());
        return indent + "{ const int64_t j0 = from; " + fold.foldStrip(place, "").trim() + " }\n";
    }

    /** Computes and keeps what the delayed stage needs of this row. */
    void remember(String indent) {
        ScalarWriter writer = new ScalarWriter(body.out, indent, body.names, load -> body.folded.get(load.buffer()));
        keptValues.forEach((value, name) -> {
            String written = writer.write(value);
            body.out.append(indent).append("const ").append(CTypes.computed(value.dtype())).append(' ').append(name)
                .append(" = ").append(written).append(";\n");
        });
        body.out.append(delayed.remember(indent));
    }

    private void delayedStage(String indent) {
        int from = body.out.length();
        Stage last = body.group.stages().get(DelayedStage.LAST);
        keepValues(RowValues.of(last, body.folded.keySet()));
        Map<String, String> values = new HashMap<>();
        String inside = indent + "    ";
        body.out.append(indent).append("  {\n").append(body.eagerNumerics ? inside + SourceUnits.CONTRACT_OFF + "\n" : "")
            .append(body.decode.indent(indent.length())).append(delayed.earlierValues(body.group, body.rowArrays, inside))
            .append(body.streamed.arrays().indent(indent.length() + 2)).append(inside).append(RowsBody.vectorize(last))
            .append(inside).append("for (int64_t j0 = from; j0 < to; j0++) {\n");
        ScalarWriter writer = new ScalarWriter(body.out, indent + "      ", body.names,
            load -> body.load(load, last, values), body::isNotPositive);
        keptValues.forEach(writer::know);
        for (Statement statement : last.statements()) {
            String value = writer.write(statement.body());
            values.put(statement.output().name(), value);
            body.store(statement, value, indent + "      ");
        }
        body.out.append(indent).append("    }\n");
        body.streamed.write(body.out, indent + "    ");
        body.out.append(indent).append("  }\n");
        String text = body.out.substring(from);
        body.out.setLength(from);
        body.out.append(delayed.duringNextRow(text, indent));
    }

    private void keepValues(RowValues ofRow) {
        ofRow.direct().forEach(b -> delayed.keep(body.folded.get(b), body.producers.get(b).output().dtype()));
        for (Scalar value : ofRow.values()) {
            String name = body.names.fresh("kept");
            keptValues.put(value, name);
            delayed.keep(name, value.dtype());
        }
    }
}
