package dev.kiln.tensor;

import dev.kiln.cache.aot.AotEntry.InputKind;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpOverload;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.stages.trace.function.FunctionalTrace;
import dev.kiln.stages.trace.function.TracedFunction;
import dev.kiln.stages.trace.function.TracedTensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** A trace with the concrete tensors that its inputs stand for; tensors that a function only touches become inputs too. */
final class TraceSession {
    private static final ScopedValue<TraceSession> CURRENT = ScopedValue.newInstance();

    private final FunctionalTrace trace;
    private final Function<Tensor, Optional<String>> names;
    private final boolean gradients;
    private final List<Tensor> inputs = new ArrayList<>();
    private final Map<Long, List<Tensor>> byAddress = new HashMap<>();
    private final Map<Tensor, TracedTensor> known = new IdentityHashMap<>();
    private final Set<String> taken = new HashSet<>();

    /**
     * @param names what the user calls tensors that the function captures
     * @param gradients whether tensors that require a gradient are traced as such
     */
    TraceSession(ShapeEnv shapes, Function<Tensor, Optional<String>> names, boolean gradients) {
        trace = new FunctionalTrace(shapes);
        this.names = names;
        this.gradients = gradients;
    }

    /** The trace in progress on this thread. */
    static Optional<TraceSession> current() {
        return CURRENT.isBound() ? Optional.of(CURRENT.get()) : Optional.empty();
    }

    <T> T during(ScopedValue.CallableOp<T, RuntimeException> body) {
        return ScopedValue.where(CURRENT, this).call(body);
    }

    FunctionalTrace trace() {
        return trace;
    }

    /** The concrete tensors that the graph's inputs stand for, in order. */
    List<Tensor> inputs() {
        return inputs;
    }

    /**
     * Makes a tensor an input of its own, even if it is one already; both then are the same traced tensor.
     *
     * @param name what to call it, with a number if another input is called so
     * @param tensor its layout as the graph sees it
     */
    TracedTensor addInput(String name, InputKind kind, Tensor concrete, FakeTensor tensor) {
        boolean requiresGrad = gradients && concrete.requires_grad();
        TracedTensor traced = trace.input(unused(name), kind, tensor, requiresGrad, requiresGrad && concrete.is_leaf());
        Optional<TracedTensor> same = seen(concrete);
        inputs.add(concrete);
        byAddress.computeIfAbsent(address(concrete), a -> new ArrayList<>()).add(concrete);
        known.put(concrete, same.orElse(traced));
        return known.get(concrete);
    }

    private String unused(String wish) {
        String name = wish;
        for (int i = 2; !taken.add(name); i++) {
            name = wish + "_" + i;
        }
        return name;
    }

    /** What stands for the tensor, or for another one that is the same memory seen in the same way. */
    private Optional<TracedTensor> seen(Tensor tensor) {
        return byAddress.getOrDefault(address(tensor), List.of()).stream()
            .filter(t -> t == tensor || isSame(t, tensor)).findFirst().map(known::get);
    }

    private static long address(Tensor tensor) {
        return tensor.value().data().address();
    }

    private static boolean isSame(Tensor a, Tensor b) {
        var x = a.value();
        var y = b.value();
        return x.dtype() == y.dtype() && x.numel() > 0
            && Arrays.equals(x.shape(), y.shape()) && Arrays.equals(x.strides(), y.strides())
            && a.requires_grad() == b.requires_grad();
    }

    private TracedTensor lift(Tensor tensor) {
        if (tensor.isTraced()) {
            return tensor.traced();
        }
        TracedTensor traced = known.get(tensor);
        if (traced != null) {
            return traced;
        }
        Optional<TracedTensor> same = seen(tensor);
        if (same.isPresent()) {
            known.put(tensor, same.get());
            return same.get();
        }
        String name = names.apply(tensor).orElse("captured_" + inputs.size());
        return addInput(name, kind(tensor), tensor, Layouts.fixed(tensor.value()));
    }

    private static InputKind kind(Tensor tensor) {
        return switch (tensor.role()) {
            case PARAMETER -> InputKind.PARAMETER;
            case BUFFER -> InputKind.BUFFER;
            case PLAIN -> InputKind.CONSTANT;
        };
    }

    /** Calls an op; errors name the line of the user's program. */
    List<Tensor> call(String overload, List<?> args) {
        String line = UserCode.line();
        trace.from(List.of(line + " " + OpOverload.packet(overload)));
        try {
            List<Object> lifted = lifted(args);
            List<TracedTensor> results = trace.call(overload, lifted);
            return results.stream().map(r -> wrap(r, lifted, args)).toList();
        } catch (KilnException e) {
            throw UserCode.located(e, line);
        }
    }

    /** What gives back one of its arguments gives back the very same object. */
    private static Tensor wrap(TracedTensor result, List<Object> lifted, List<?> args) {
        int same = lifted.indexOf(result);
        return same >= 0 ? (Tensor) args.get(same) : Tensor.of(result);
    }

    private List<Object> lifted(List<?> args) {
        List<Object> values = new ArrayList<>();
        for (Object arg : args) {
            values.add(switch (arg) {
                case Tensor tensor -> lift(tensor);
                case List<?> list -> lifted(list);
                case null, default -> arg;
            });
        }
        return Collections.unmodifiableList(values);
    }

    TracedFunction finish(String name, List<Tensor> outputs) {
        return trace.finish(name, outputs.stream().map(this::lift).toList());
    }
}
