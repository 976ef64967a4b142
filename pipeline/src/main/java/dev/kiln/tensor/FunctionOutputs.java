package dev.kiln.tensor;

import dev.kiln.cache.aot.AotEntry;
import dev.kiln.cache.aot.AotEntry.OutputKind;
import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.DType;
import dev.kiln.ops.shape.SymInt;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;

/** What a graph of a traced function gave, put where the function's caller expects it. */
public final class FunctionOutputs {
    private FunctionOutputs() {
    }

    /** Writes the changed values of inputs to their memory, unless they are there already. */
    public static void applyMutations(List<AotEntry.Output> outputs, List<Tensor> inputs, List<Tensor> results) {
        for (int i = 0; i < outputs.size(); i++) {
            if (outputs.get(i).kind() == OutputKind.MUTATED_INPUT) {
                Tensor input = inputs.get(outputs.get(i).base());
                if (input.data().address() != results.get(i).data().address()) {
                    input.copyFrom(results.get(i));
                }
            }
        }
    }

    /** Notes at the tensors that they were changed, so that a backward which needs their old values does not run. */
    public static void noteMutations(List<AotEntry.Output> outputs, List<dev.kiln.tensor.Tensor> inputs) {
        for (AotEntry.Output output : outputs) {
            if (output.kind() == OutputKind.MUTATED_INPUT) {
                inputs.get(output.base()).changed();
            }
        }
    }

    /**
     * The memory of one output that the user sees: new, an input's or another output's, or a view of either.
     *
     * @param results of the graph, in the order of {@code outputs}
     * @param symbols values of the sizes that are open
     */
    public static Tensor memory(int output, List<AotEntry.Output> outputs, List<Tensor> inputs, List<Tensor> results,
            Map<String, Long> symbols) {
        AotEntry.Output description = outputs.get(output);
        Tensor base = switch (description.kind()) {
            case FRESH, INTERMEDIATE -> results.get(output);
            case IS_INPUT, ALIAS_OF_INPUT, MUTATED_INPUT -> inputs.get(description.base());
            case ALIAS_OF_OUTPUT -> results.get(description.base());
        };
        return description.view().map(v -> view(base, v, symbols)).orElse(base);
    }

    private static Tensor view(Tensor base, AotEntry.View view, Map<String, Long> symbols) {
        DType dtype = DType.parse(view.dtype()).orElseThrow();
        long[] sizes = values(view.sizes(), symbols);
        long[] strides = values(view.strides(), symbols);
        long start = Math.multiplyExact(value(view.offset(), symbols), dtype.bytes());
        MemorySegment memory = base.data().asSlice(Math.min(start, base.data().byteSize()));
        return Tensor.of(memory, dtype, sizes, strides);
    }

    private static long[] values(List<String> expressions, Map<String, Long> symbols) {
        return expressions.stream().mapToLong(e -> value(e, symbols)).toArray();
    }

    private static long value(String expression, Map<String, Long> symbols) {
        return SymInt.parse(expression).evaluate(symbols::get);
    }
}
