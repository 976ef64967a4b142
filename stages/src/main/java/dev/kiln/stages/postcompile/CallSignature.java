package dev.kiln.stages.postcompile;

import dev.kiln.cache.CompiledGraph.Signature;
import dev.kiln.cache.CompiledGraph.SymbolSpec;
import dev.kiln.cache.CompiledGraph.TensorSpec;
import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.shape.Guard;
import dev.kiln.ops.shape.LinearSize;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Checks the inputs of a call and reads the values of the symbols off them. */
final class CallSignature {
    private final Signature signature;
    private final List<List<SymInt>> inputSizes = new ArrayList<>();
    private final List<Guard> guards = new ArrayList<>();
    /** The op that asked for each guard, or nothing. */
    private final List<String> askers = new ArrayList<>();

    /** How each symbol's value follows from a size; null for symbols that data gives. */
    private final List<LinearSize> sources = new ArrayList<>();

    CallSignature(Signature signature) {
        this.signature = signature;
        for (TensorSpec input : signature.inputs()) {
            inputSizes.add(parse(input.sizes()));
        }
        for (SymbolSpec symbol : signature.symbols()) {
            sources.add(symbol.inputIndex() < 0 ? null
                : LinearSize.of(inputSizes.get(symbol.inputIndex()).get(symbol.dim())).orElseThrow());
        }
        for (String guard : signature.guards()) {
            int asker = guard.indexOf('#');
            guards.add(Guard.parse(asker < 0 ? guard : guard.substring(0, asker)));
            askers.add(asker < 0 ? "" : guard.substring(asker + 1).strip());
        }
    }

    static List<SymInt> parse(List<String> sizes) {
        List<SymInt> parsed = new ArrayList<>(sizes.size());
        for (String size : sizes) {
            parsed.add(SymInt.parse(size));
        }
        return parsed;
    }

    static DType dtype(TensorSpec spec) {
        return DType.parse(spec.dtype()).orElseThrow();
    }

    /** The inputs in the graph's order. */
    List<Tensor> order(Map<String, Tensor> inputs) {
        List<Tensor> ordered = new ArrayList<>();
        for (TensorSpec spec : signature.inputs()) {
            Tensor tensor = inputs.get(spec.name());
            if (tensor == null) {
                throw new KilnException.BadInput("input '" + spec.name() + "' is missing; the model takes " + describe());
            }
            ordered.add(tensor);
        }
        if (inputs.size() > ordered.size()) {
            List<String> unknown = new ArrayList<>(inputs.keySet());
            signature.inputs().forEach(s -> unknown.remove(s.name()));
            throw new KilnException.BadInput("unknown input '" + unknown.getFirst() + "'; the model takes " + describe());
        }
        return ordered;
    }

    private String describe() {
        List<String> inputs = new ArrayList<>();
        signature.inputs().forEach(s -> inputs.add("'" + s.name() + "' " + s.dtype() + s.sizes()));
        return String.join(", ", inputs);
    }

    /** The symbols' values, after every check. */
    long[] bind(List<Tensor> inputs) {
        for (int i = 0; i < inputs.size(); i++) {
            TensorSpec spec = signature.inputs().get(i);
            if (!inputs.get(i).dtype().text().equals(spec.dtype()) || inputs.get(i).shape().length != spec.sizes().size()) {
                throw mismatch(spec, inputs.get(i), "");
            }
        }
        long[] values = new long[signature.symbols().size()];
        for (int s = 0; s < values.length; s++) {
            SymbolSpec symbol = signature.symbols().get(s);
            if (symbol.inputIndex() < 0) {
                continue;
            }
            long size = inputs.get(symbol.inputIndex()).shape()[symbol.dim()];
            LinearSize source = sources.get(s);
            values[s] = source.nearest(size);
            if (source.solve(size).isEmpty()) {
                throw mismatch(signature.inputs().get(symbol.inputIndex()), inputs.get(symbol.inputIndex()), "; dimension "
                    + symbol.dim() + " must be " + inputSizes.get(symbol.inputIndex()).get(symbol.dim())
                    + ", which no whole " + symbol.name() + " gives");
            }
            if (values[s] < symbol.min() || values[s] > symbol.max()) {
                KilnException.BadInput error = mismatch(signature.inputs().get(symbol.inputIndex()),
                    inputs.get(symbol.inputIndex()), "; " + range(symbol));
                throw size == 0 && symbol.min() > 0 ? new OutsideGuards(error.getMessage()) : error;
            }
        }
        checkSizes(inputs, values);
        checkGuards(values);
        return values;
    }

    private void checkSizes(List<Tensor> inputs, long[] values) {
        for (int i = 0; i < inputs.size(); i++) {
            long[] shape = inputs.get(i).shape();
            for (int d = 0; d < shape.length; d++) {
                long expected = evaluate(inputSizes.get(i).get(d), values);
                if (shape[d] != expected) {
                    throw mismatch(signature.inputs().get(i), inputs.get(i), "; dimension " + d + " must be " + expected);
                }
            }
        }
    }

    private void checkGuards(long[] values) {
        for (int i = 0; i < guards.size(); i++) {
            Guard guard = guards.get(i);
            if (!guard.holds(name -> valueOf(name, values))) {
                throw new OutsideGuards("the inputs' sizes break the condition " + guard
                    + " that the model was compiled under"
                    + (askers.get(i).isEmpty() ? "" : " for " + askers.get(i)) + explain(guard, values));
            }
        }
    }

    /** What the symbols of a guard stand for. */
    private String explain(Guard guard, long[] values) {
        StringBuilder text = new StringBuilder();
        for (int s = 0; s < values.length; s++) {
            SymbolSpec symbol = signature.symbols().get(s);
            if (guard.symbols().contains(symbol.name())) {
                text.append(text.isEmpty() ? "; " : ", ").append(symbol.name()).append(" is dimension ")
                    .append(symbol.dim()).append(" of '").append(signature.inputs().get(symbol.inputIndex()).name())
                    .append("', here ").append(values[s]);
            }
        }
        return text.toString();
    }

    private static String range(SymbolSpec symbol) {
        return symbol.name() + " must be at least " + symbol.min()
            + (symbol.max() == Long.MAX_VALUE ? "" : " and at most " + symbol.max());
    }

    private static KilnException.BadInput mismatch(TensorSpec spec, Tensor tensor, String hint) {
        return new KilnException.BadInput("input '" + spec.name() + "' must be " + spec.dtype() + spec.sizes() + ", got "
            + tensor.dtype() + Arrays.toString(tensor.shape()) + hint);
    }

    long evaluate(SymInt size, long[] values) {
        return size.evaluate(name -> valueOf(name, values));
    }

    private Long valueOf(String name, long[] values) {
        for (int s = 0; s < values.length; s++) {
            if (signature.symbols().get(s).name().equals(name)) {
                return values[s];
            }
        }
        return null;
    }
}
