package dev.kiln.ops.interpreter;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.shape.Guard;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/** The values of a graph's symbols that given inputs imply. */
final class SymbolBinding {
    private final Map<String, Long> values = new LinkedHashMap<>();

    private SymbolBinding() {
    }

    /**
     * @throws KilnException.BadInput if an input is missing, does not fit its placeholder, or breaks a guard
     */
    static Map<String, Long> bind(Graph graph, Map<String, ConstantValue> inputs) {
        SymbolBinding binding = new SymbolBinding();
        List<Node.Placeholder> open = new ArrayList<>(graph.placeholders());
        open.forEach(p -> check(p, inputs.get(p.source())));
        boolean progress = true;
        while (progress) {
            progress = false;
            for (Node.Placeholder p : open) {
                progress |= binding.solve(p.tensor(), inputs.get(p.source()));
            }
        }
        open.forEach(p -> binding.verify(p, inputs.get(p.source())));
        binding.verify(graph.shapes());
        return binding.values;
    }

    private static void check(Node.Placeholder placeholder, ConstantValue input) {
        String name = "input \"" + placeholder.source() + "\"";
        if (input == null) {
            throw new KilnException.BadInput(name + " is missing");
        }
        FakeTensor expected = placeholder.tensor();
        if (input.dtype() != expected.dtype() || input.sizes().size() != expected.rank()) {
            throw new KilnException.BadInput(name + " must be " + expected.dtype() + expected.sizes()
                + ", got "
                + input.dtype() + input.sizes());
        }
    }

    /** Solves sizes with one unknown symbol that occurs linearly; true if it found one. */
    private boolean solve(FakeTensor tensor, ConstantValue input) {
        boolean found = false;
        for (int d = 0; d < tensor.rank(); d++) {
            SymInt rest = tensor.size(d).substitute(s -> values.containsKey(s) ? SymInt.of(values.get(s))
                : null);
            if (rest.symbols().size() == 1) {
                String symbol = rest.symbols().iterator().next();
                OptionalLong value = linear(rest, symbol, input.sizes().get(d));
                value.ifPresent(v -> values.put(symbol, v));
                found |= value.isPresent();
            }
        }
        return found;
    }

    private static OptionalLong linear(SymInt size, String symbol, long actual) {
        long atZero = size.evaluate(s -> 0L);
        long slope = size.evaluate(s -> 1L) - atZero;
        SymInt line = SymInt.symbol(symbol).times(slope).plus(atZero);
        boolean solvable = line.equals(size) && slope != 0 && (actual - atZero) % slope == 0;
        return solvable ? OptionalLong.of((actual - atZero) / slope) : OptionalLong.empty();
    }

    private void verify(Node.Placeholder placeholder, ConstantValue input) {
        for (int d = 0; d < input.sizes().size(); d++) {
            SymInt size = placeholder.tensor().size(d);
            boolean bound = values.keySet().containsAll(size.symbols());
            if (!bound || size.evaluate(values::get) != input.sizes().get(d)) {
                throw new KilnException.BadInput("input \"" + placeholder.source() + "\": size " + d
                    + " must be " + size
                    + (bound && !size.isConstant() ? " = " + size.evaluate(values::get) : "") + ", got "
                    + input.sizes().get(d));
            }
        }
    }

    private void verify(ShapeEnv shapes) {
        for (ShapeEnv.Symbol symbol : shapes.symbols()) {
            Long value = values.get(symbol.name());
            if (value != null && (value < symbol.min() || value > symbol.max())) {
                throw new KilnException.BadInput("size " + symbol.name() + " = " + value + " is outside ["
                    + symbol.min() + ", " + symbol.max() + "]");
            }
        }
        for (Guard guard : shapes.guards()) {
            boolean bound = values.keySet().containsAll(guard.symbols());
            if (bound && !guard.holds(values::get)) {
                throw new KilnException.BadInput("the inputs break the graph's guard " + guard + " with "
                    + values);
            }
        }
    }
}
