package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Loop by its iterations one after the other, as long as the importer knows how many there are. If only a limit is
 * known and the condition depends on data, each iteration past the end keeps the state as it is.
 */
final class LoopImport {
    /** Iterations and graph nodes after which a loop is refused: the code would get too large. */
    private static final int MAX_ITERATIONS = 10_000;
    private static final int MAX_MASKED = 256;

    private final NodeImport n;
    private final Subgraph body;
    private final int states;
    private final List<List<Value>> scans = new ArrayList<>();
    /** Whether the loop still runs, where that depends on data. */
    private Arg.Ref active;

    LoopImport(NodeImport n) {
        this.n = n;
        this.body = new Subgraph(n, "body");
        this.states = n.inputs() - 2;
        for (int i = 1 + states; i < body.outputs(); i++) {
            scans.add(new ArrayList<>());
        }
    }

    List<Value> translate() {
        long limit = n.has(0) ? tripCount() : Long.MAX_VALUE;
        Value condition = n.has(1) ? n.value(1) : bool(true);
        List<Value> state = new ArrayList<>();
        for (int i = 0; i < states; i++) {
            state.add(n.value(i + 2));
        }
        for (long i = 0; i < limit && proceeds(condition, limit); i++) {
            if (i == MAX_ITERATIONS) {
                throw new KilnException.Unsupported("a loop of more than " + MAX_ITERATIONS
                    + " iterations is not supported");
            }
            List<Value> results = iterate(i, condition, state);
            condition = results.getFirst();
            state = new ArrayList<>(results.subList(1, 1 + states));
        }
        List<Value> outputs = new ArrayList<>(state);
        for (int s = 0; s < scans.size(); s++) {
            outputs.add(stacked(s));
        }
        return outputs;
    }

    private long tripCount() {
        n.known(0).filter(k -> !k.isConstant() && !n.shapes().isUnbacked(k.values().getFirst())).ifPresent(open -> {
            throw new KilnException.Unsupported("the trip count is the open size " + open.values().getFirst()
                + "; loops need a known one: fix the size (--shape, --static)");
        });
        return n.required(0, "the trip count").longAt(0);
    }

    private List<Value> iterate(long i, Value condition, List<Value> state) {
        List<Value> inputs = new ArrayList<>();
        inputs.add(new Value.Known(KnownInts.scalar(DType.I64, SymInt.of(i))));
        inputs.add(condition);
        inputs.addAll(state);
        List<Value> results = new ArrayList<>(body.place(inputs));
        for (int s = 0; s < scans.size(); s++) {
            scans.get(s).add(results.get(1 + states + s));
        }
        for (int s = 0; active != null && s < states; s++) {
            results.set(1 + s, new Branches(n, active).select(results.get(1 + s), state.get(s),
                "the iterations of a loop whose end depends on data"));
        }
        return results;
    }

    /** Whether another iteration is to be placed; one whose condition is not known runs under a mask. */
    private boolean proceeds(Value condition, long limit) {
        Optional<ConstantValue> known = n.context().values().constant(condition);
        if (known.isPresent()) {
            return known.get().longAt(0) != 0;
        }
        if (limit > MAX_MASKED || !scans.isEmpty()) {
            throw new KilnException.Unsupported("a loop whose end depends on data is only supported for at most "
                + MAX_MASKED + " iterations and without scan outputs");
        }
        Arg.Ref now = ControlImports.scalar(n, n.context().values().tensor(condition));
        active = active == null ? now : n.call("aten.logical_and.default", active, now);
        return true;
    }

    private Value stacked(int scan) {
        List<Value> parts = scans.get(scan);
        return parts.isEmpty() ? ScanImport.empty(n, body.output(1 + states + scan))
            : new Value.Tensor(ScanImport.stack(n, parts, 0));
    }

    static Value bool(boolean value) {
        return new Value.Known(KnownInts.scalar(DType.BOOL, value ? SymInt.ONE : SymInt.ZERO));
    }
}
