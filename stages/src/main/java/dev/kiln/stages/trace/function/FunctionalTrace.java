package dev.kiln.stages.trace.function;

import dev.kiln.cache.aot.AotEntry;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.schema.OpOverload;
import dev.kiln.ops.schema.OpTable;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.stages.eager.EagerCall;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Records calls as a functional graph. Views share a {@link Storage}; an in-place op computes a new value and writes it to
 * the storage through the steps of the view, so that the base and every other view see it. Results of ops that compute
 * are contiguous. Not safe for several threads.
 */
public final class FunctionalTrace {
    private final GraphBuilder g;
    private final List<AotEntry.Input> inputs = new ArrayList<>();
    private final List<Storage> inputStorages = new ArrayList<>();
    private boolean gradMode = true;

    public FunctionalTrace(ShapeEnv shapes) {
        g = new GraphBuilder(shapes);
    }

    public ShapeEnv shapes() {
        return g.shapes();
    }

    /**
     * The op whose result an in-place op takes as its sizes and strides; empty for ops that change values, or nothing.
     *
     * @param overload {@code aten.unsqueeze_.default} for example
     */
    public static Optional<String> viewTaken(String overload) {
        return InPlace.functional(overload).filter(f -> InPlace.changesMetadata(overload));
    }

    /** Whether results of ops take part in gradients; {@code no_grad} turns it off. */
    public boolean gradMode() {
        return gradMode;
    }

    public void gradMode(boolean enabled) {
        gradMode = enabled;
    }

    /** What calls made from now on are said to come from. */
    public void from(List<String> sources) {
        g.from(sources);
    }

    /**
     * Another input of the graph.
     *
     * @param tensor dtype, sizes and strides; the offset is 0
     * @param leaf whether it is no result of other calls, so that writing to it hides it from its own gradient
     */
    public TracedTensor input(String name, AotEntry.InputKind kind, FakeTensor tensor, boolean requiresGrad, boolean leaf) {
        Arg.Ref ref = g.placeholder(name, tensor);
        Storage storage = new Storage(inputs.size(), tensor, ref, requiresGrad, leaf);
        inputs.add(new AotEntry.Input(name, kind, false, requiresGrad));
        inputStorages.add(storage);
        return new TracedTensor(this, View.of(storage));
    }

    /** A tensor of the function's own that begins with a known value. */
    public TracedTensor constant(ConstantValue value) {
        return fresh(g.constant("constant", value), false);
    }

    private TracedTensor fresh(Arg.Ref ref, boolean requiresGrad) {
        FakeTensor tensor = g.tensor(ref);
        Storage storage = new Storage(-1, tensor.fresh(tensor.sizes()), ref, requiresGrad, false);
        return new TracedTensor(this, View.of(storage));
    }

    /**
     * Calls an op by its full name; one that ends in an underscore changes its first argument and gives it back.
     *
     * @param args in the order of the schema: traced tensors, lists of them, and what
     *     {@link GraphBuilder#call(String, Object...)} takes; trailing arguments that have a default may be missing
     * @throws KilnException.BadInput if the arguments do not fit the op
     */
    public List<TracedTensor> call(String overload, List<?> args) {
        try {
            Optional<String> functional = InPlace.functional(overload);
            if (functional.isPresent()) {
                return List.of(inPlace(overload, functional.get(), args));
            }
            return call(OpTable.get(overload), args);
        } catch (IllegalArgumentException e) {
            throw new KilnException.BadInput(String.valueOf(e.getMessage()), e);
        }
    }

    private List<TracedTensor> call(OpOverload op, List<?> args) {
        List<Arg> complete = complete(op, args);
        if (ViewCalls.mayView(op) && args.getFirst() instanceof TracedTensor self) {
            Optional<List<View>> views = ViewCalls.of(g, self.view(), op, complete);
            if (views.isPresent()) {
                return views.get().stream().map(v -> v == self.view() ? self : new TracedTensor(this, unlessNoGrad(v)))
                    .toList();
            }
        }
        return computed(op, complete, args);
    }

    /** Without gradients a view of a tensor that requires one is detached. */
    private View unlessNoGrad(View view) {
        boolean detach = !gradMode && view.requiresGrad() && !view.storage().leaf;
        return detach ? view.then(ViewStep.of("detach.default"), view.layout()) : view;
    }

    private List<TracedTensor> computed(OpOverload op, List<Arg> complete, List<?> args) {
        boolean requiresGrad = tensors(args).stream().anyMatch(TracedTensor::requiresGrad);
        if (requiresGrad && gradMode) {
            tensors(args).forEach(t -> requireGradientKnown(op, t));
        }
        Arg.Ref first = g.call(op, complete);
        List<TracedTensor> results = new ArrayList<>();
        for (int i = 0; i < g.node(first).outputs().size(); i++) {
            Arg.Ref ref = new Arg.Ref(first.node(), i);
            boolean floating = g.tensor(ref).dtype().isFloating();
            Arg.Ref result = requiresGrad && floating && !gradMode ? g.call("aten.detach.default", ref) : ref;
            results.add(fresh(result, requiresGrad && floating && gradMode));
        }
        return results;
    }

    private static void requireGradientKnown(OpOverload op, TracedTensor tensor) {
        if (tensor.requiresGrad() && tensor.view().storage().changedWithoutGrad()) {
            throw new KilnException.Unsupported(op.name() + ": the tensor " + tensor + " requires a gradient, but was "
                + "changed under no_grad earlier in the function; use a clone() of it");
        }
    }

    private TracedTensor inPlace(String overload, String functional, List<?> args) {
        if (args.isEmpty() || !(args.getFirst() instanceof TracedTensor self)) {
            throw new KilnException.BadInput(overload + " needs a tensor to change");
        }
        if (InPlace.changesMetadata(overload)) {
            return changeMetadata(overload, functional, self, args);
        }
        OpOverload op = OpTable.find(functional).orElseThrow(() -> new KilnException.Unsupported(
            "operator " + overload + " is not supported"));
        InPlace.requireWritable(overload, self.view(), gradMode);
        TracedTensor result = computed(op, complete(op, args), args).getFirst();
        InPlace.requireFits(overload, self.layout(), result.layout(), g.shapes());
        Arg.Ref value = result.view().value(g);
        if (result.dtype() != self.dtype()) {
            value = g.call("aten._to_copy.default", value, self.dtype());
        }
        self.view().write(g, value, result.requiresGrad(), gradMode);
        return self;
    }

    private TracedTensor changeMetadata(String overload, String functional, TracedTensor self, List<?> args) {
        if (self.view().root() == self.view() && self.view().storage().input >= 0) {
            throw new KilnException.Unsupported(overload + ": the sizes or strides of an input cannot be changed; use "
                + functional + " and return the result");
        }
        self.become(call(OpTable.get(functional), args).getFirst().view());
        return self;
    }

    private List<Arg> complete(OpOverload op, List<?> args) {
        List<Arg> values = new ArrayList<>();
        args.forEach(a -> values.add(GraphBuilder.wrap(reference(a))));
        return EagerCall.of(op, values, List.of()).args();
    }

    private Object reference(Object arg) {
        return switch (arg) {
            case TracedTensor tensor -> value(tensor);
            case List<?> list -> {
                List<Object> values = new ArrayList<>();
                list.forEach(v -> values.add(reference(v)));
                yield values;
            }
            case null, default -> arg;
        };
    }

    private Arg.Ref value(TracedTensor tensor) {
        if (tensor.trace() != this) {
            throw new KilnException.BadInput("the tensor " + tensor + " belongs to another trace, which has ended: what a "
                + "function keeps must be returned by it");
        }
        return tensor.view().value(g);
    }

    private static List<TracedTensor> tensors(List<?> args) {
        List<TracedTensor> found = new ArrayList<>();
        for (Object arg : args) {
            if (arg instanceof TracedTensor tensor) {
                found.add(tensor);
            } else if (arg instanceof List<?> list) {
                found.addAll(tensors(list));
            }
        }
        return found;
    }

    /**
     * Ends the trace.
     *
     * @param outputs what the function gives back
     */
    public TracedFunction finish(String name, List<TracedTensor> outputs) {
        outputs.forEach(this::value);
        OutputList list = new OutputList(g, inputs, inputStorages);
        outputs.forEach(o -> list.add(o.view()));
        list.complete();
        List<AotEntry.Input> known = new ArrayList<>();
        for (int i = 0; i < inputs.size(); i++) {
            AotEntry.Input input = inputs.get(i);
            known.add(new AotEntry.Input(input.name(), input.kind(), inputStorages.get(i).version() > 0,
                input.requiresGrad()));
        }
        return new TracedFunction(name, g.build(), known, list.outputs());
    }
}
