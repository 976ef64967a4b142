package dev.kiln.stages.trace.function;

import dev.kiln.cache.aot.AotEntry;
import dev.kiln.cache.aot.AotEntry.OutputKind;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.GraphBuilder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The outputs of a trace: what is memory of its own, what is an input or part of one, and what shares memory. */
final class OutputList {
    private final GraphBuilder g;
    private final List<AotEntry.Input> inputs;
    private final List<Storage> inputStorages;
    private final List<View> user = new ArrayList<>();
    private final List<AotEntry.Output> outputs = new ArrayList<>();
    private final Map<Storage, Integer> bases = new LinkedHashMap<>();

    OutputList(GraphBuilder g, List<AotEntry.Input> inputs, List<Storage> inputStorages) {
        this.g = g;
        this.inputs = inputs;
        this.inputStorages = inputStorages;
    }

    void add(View view) {
        user.add(view);
    }

    List<AotEntry.Output> outputs() {
        return outputs;
    }

    /** Adds them all to the graph. */
    void complete() {
        findBases();
        for (int i = 0; i < user.size(); i++) {
            View view = user.get(i);
            String name = "output_" + i;
            g.output(name, view.value(g));
            outputs.add(output(name, i, view));
        }
        for (int i = 0; i < inputs.size(); i++) {
            Storage storage = inputStorages.get(i);
            if (storage.version() > 0) {
                add("mutated_" + inputs.get(i).name(), OutputKind.MUTATED_INPUT, i, storage);
            }
        }
        int hidden = 0;
        for (Map.Entry<Storage, Integer> base : bases.entrySet()) {
            if (base.getValue() >= user.size()) {
                add("intermediate_" + hidden++, OutputKind.INTERMEDIATE, -1, base.getKey());
            }
        }
    }

    private void add(String name, OutputKind kind, int base, Storage storage) {
        g.output(name, storage.value());
        boolean gradient = storage.requiresGrad() && storage.layout.dtype().isFloating() && !storage.changedWithoutGrad();
        outputs.add(new AotEntry.Output(name, kind, base, gradient, Optional.empty()));
    }

    /**
     * Of own memory that several outputs share, the base is the first output that is all of it, else one more output
     * that the user does not see.
     */
    private void findBases() {
        int hidden = user.size() + (int) inputStorages.stream().filter(s -> s.version() > 0).count();
        for (View view : user) {
            Storage storage = view.storage();
            long sharers = user.stream().filter(v -> v.storage() == storage).count();
            if (storage.input >= 0 || sharers < 2 || bases.containsKey(storage)) {
                continue;
            }
            int whole = -1;
            for (int i = user.size() - 1; i >= 0; i--) {
                View other = user.get(i);
                whole = other.storage() == storage && other.isWhole() && !other.isDetached() ? i : whole;
            }
            bases.put(storage, whole >= 0 ? whole : hidden++);
        }
    }

    private AotEntry.Output output(String name, int index, View view) {
        Storage storage = view.storage();
        if (storage.input >= 0) {
            return view.root() == view
                ? new AotEntry.Output(name, OutputKind.IS_INPUT, storage.input, view.requiresGrad(), Optional.empty())
                : alias(name, OutputKind.ALIAS_OF_INPUT, storage.input, view);
        }
        int base = bases.getOrDefault(storage, index);
        return base == index
            ? new AotEntry.Output(name, OutputKind.FRESH, -1, view.requiresGrad(), Optional.empty())
            : alias(name, OutputKind.ALIAS_OF_OUTPUT, base, view);
    }

    private static AotEntry.Output alias(String name, OutputKind kind, int base, View view) {
        FakeTensor layout = view.layout();
        AotEntry.View place = new AotEntry.View(layout.dtype().text(),
            layout.sizes().stream().map(Object::toString).toList(),
            layout.strides().stream().map(Object::toString).toList(), layout.offset().toString());
        return new AotEntry.Output(name, kind, base, view.requiresGrad(), Optional.of(place));
    }
}
