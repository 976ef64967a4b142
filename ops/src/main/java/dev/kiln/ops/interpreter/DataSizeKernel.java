package dev.kiln.ops.interpreter;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.aten.DataSizeOps;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.schema.OpKind;
import dev.kiln.ops.shape.Guard;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import java.util.List;
import java.util.Map;

/** Ops that give sizes, and the values that symbols get from results. */
final class DataSizeKernel {
    private DataSizeKernel() {
    }

    static ConstantValue run(Frame frame) {
        ConstantValue self = frame.value(0);
        return switch (frame.op().name()) {
            case DataSizeOps.COMPACT -> compact(self);
            case DataSizeOps.BIND_SIZE -> {
                ConstantValue number = ConstantValue.allocate(DType.I64, List.of());
                number.set(0, self.longAt(0));
                yield number;
            }
            default -> throw new IllegalStateException("no meaning of " + frame.op());
        };
    }

    private static ConstantValue compact(ConstantValue mask) {
        long count = 0;
        for (long i = 0; i < mask.numel(); i++) {
            count += mask.longAt(i);
        }
        ConstantValue indices = ConstantValue.allocate(DType.I64, List.of(count));
        long at = 0;
        for (long i = 0; i < mask.numel(); i++) {
            if (mask.longAt(i) != 0) {
                indices.set(at++, i);
            }
        }
        return indices;
    }

    /** Gives values to the symbols that a call's results determine, and checks what is asserted of them. */
    static void bind(Graph graph, Node.Call call, List<ConstantValue> results, Map<String, Long> symbols) {
        int before = symbols.size();
        if (call.op().name().equals(DataSizeOps.BIND_SIZE)) {
            bind(graph.shapes(), ((Arg.Int) call.arg(1)).value(), results.getFirst().longAt(0), symbols);
        }
        for (int i = 0; i < call.outputs().size(); i++) {
            FakeTensor promised = call.output(i);
            for (int d = 0; d < Math.min(promised.rank(), results.get(i).sizes().size()); d++) {
                bind(graph.shapes(), promised.size(d), results.get(i).sizes().get(d), symbols);
            }
        }
        if (symbols.size() > before) {
            check(graph.shapes(), symbols);
        }
    }

    private static void bind(ShapeEnv shapes, SymInt size, long value, Map<String, Long> symbols) {
        String name = size.toString();
        if (!shapes.isUnbacked(name) || symbols.containsKey(name)) {
            return;
        }
        ShapeEnv.Symbol symbol = shapes.symbol(name).orElseThrow();
        if (value < symbol.min() || value > symbol.max()) {
            throw new KilnException.BadInput("the size " + name + " = " + value + ", computed from the inputs' values, is"
                + " outside [" + symbol.min() + ", " + symbol.max() + "]");
        }
        symbols.put(name, value);
    }

    private static void check(ShapeEnv shapes, Map<String, Long> symbols) {
        for (Guard guard : shapes.assertions()) {
            if (symbols.keySet().containsAll(guard.symbols()) && !guard.holds(symbols::get)) {
                String asker = shapes.askedBy(guard);
                throw new KilnException.BadInput("sizes computed from the inputs' values break " + guard
                    + (asker.isEmpty() ? "" : ", which " + asker + " needs"));
            }
        }
    }

    static boolean gives(Node.Call call) {
        return call.op().kind() == OpKind.DATA_SIZED || call.op().kind() == OpKind.COMPOSITE;
    }
}
