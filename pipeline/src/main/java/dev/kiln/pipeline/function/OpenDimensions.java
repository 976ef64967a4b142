package dev.kiln.pipeline.function;

import dev.kiln.FunctionOptions.Dynamic;
import dev.kiln.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Which dimensions of a function's inputs have had more than one size. */
public final class OpenDimensions {
    private final Map<String, long[]> first = new HashMap<>();
    private final Map<String, Set<Integer>> open = new HashMap<>();

    /** Compares the sizes with those seen before. */
    public void see(List<Tensor> inputs, Dynamic dynamic) {
        if (dynamic != Dynamic.AUTOMATIC) {
            return;
        }
        for (int i = 0; i < inputs.size(); i++) {
            long[] sizes = inputs.get(i).value().shape();
            long[] before = first.putIfAbsent(key(i, sizes), sizes);
            for (int d = 0; before != null && d < sizes.length; d++) {
                if (sizes[d] != before[d]) {
                    open.computeIfAbsent(key(i, sizes), k -> new HashSet<>()).add(d);
                }
            }
        }
    }

    private static String key(int input, long[] sizes) {
        return input + "/" + sizes.length;
    }

    /** The open dimensions of each input; sizes of 0 and 1 stay fixed. */
    public List<Set<Integer>> of(List<Tensor> inputs, Dynamic dynamic) {
        List<Set<Integer>> result = new ArrayList<>();
        for (int i = 0; i < inputs.size(); i++) {
            long[] sizes = inputs.get(i).value().shape();
            Set<Integer> dims = new HashSet<>();
            for (int d = 0; d < sizes.length; d++) {
                boolean wanted = dynamic == Dynamic.ALWAYS
                    || open.getOrDefault(key(i, sizes), Set.of()).contains(d);
                if (wanted && sizes[d] > 1) {
                    dims.add(d);
                }
            }
            result.add(dims);
        }
        return result;
    }
}
