package dev.kiln.nn;

import dev.kiln.ops.KilnException;
import dev.kiln.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Named tensors that are saved and loaded together. */
public final class StateDict {
    private StateDict() {
    }

    /**
     * Copies values into tensors of the same names.
     *
     * @param owner what the tensors are of, for the message
     * @throws KilnException.BadInput if names are missing or not known, or dtypes or sizes differ; nothing is copied then
     */
    public static void load(String owner, Map<String, Tensor> state, Map<String, Tensor> values) {
        List<String> wrong = new ArrayList<>();
        Set<String> names = new TreeSet<>(state.keySet());
        names.removeAll(values.keySet());
        names.forEach(n -> wrong.add(n + " is missing"));
        new LinkedHashSet<>(values.keySet()).stream().filter(n -> !state.containsKey(n))
            .forEach(n -> wrong.add(n + " is not known"));
        state.forEach((name, tensor) -> {
            Tensor value = values.get(name);
            if (value != null && (value.dtype() != tensor.dtype() || !value.sizes().equals(tensor.sizes()))) {
                wrong.add(name + " is " + value + ", not " + tensor);
            }
        });
        if (!wrong.isEmpty()) {
            throw new KilnException.BadInput("the state does not fit the " + owner + ": " + String.join("; ", wrong));
        }
        state.forEach((name, tensor) -> {
            tensor.value().copyFrom(values.get(name).value());
            tensor.changed();
        });
    }
}
