package dev.kiln.ops.derivative;

import dev.kiln.ops.DType;
import dev.kiln.ops.decompose.Emit;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * What a derivative rule works on: a forward call, the gradients of its outputs, and where the gradients of its inputs
 * go. Positions are those of the op's schema.
 */
public final class Backward {
    private final Emit e;
    private final Node.Call call;
    private final Map<Integer, Arg.Ref> outputGradients;
    private final Predicate<Arg.Ref> wanted;
    private final Map<Arg.Ref, Arg.Ref> gradients;

    /**
     * @param call the forward call, part of what is being built
     * @param outputGradients by output; those missing are zero
     * @param wanted which of the inputs' gradients are asked for
     * @param gradients gradients found so far, which this call's are added to
     */
    public Backward(Emit e, Node.Call call, Map<Integer, Arg.Ref> outputGradients, Predicate<Arg.Ref> wanted,
            Map<Arg.Ref, Arg.Ref> gradients) {
        this.e = e;
        this.call = call;
        this.outputGradients = outputGradients;
        this.wanted = wanted;
        this.gradients = gradients;
    }

    public Emit e() {
        return e;
    }

    public Node.Call call() {
        return call;
    }

    /** The call's arguments, with what is known of the tensors. */
    public OpArgs args() {
        return new OpArgs(call.op().schema(), call.args(), e.g()::tensor, e.g().shapes());
    }

    /** Whether anything depends on an output. */
    public boolean has(int output) {
        return outputGradients.containsKey(output);
    }

    /** The gradient of the first output; zeros if nothing depends on it. */
    public Arg.Ref grad() {
        return grad(0);
    }

    /** The gradient of an output; zeros if nothing depends on it. */
    public Arg.Ref grad(int output) {
        FakeTensor tensor = call.output(output);
        return Optional.ofNullable(outputGradients.get(output))
            .orElseGet(() -> e.full(tensor.sizes(), 0, tensor.dtype()));
    }

    public Arg.Ref input(int position) {
        return (Arg.Ref) call.arg(position);
    }

    public FakeTensor tensor(int position) {
        return e.tensor(input(position));
    }

    public Arg.Ref output(int number) {
        return new Arg.Ref(call.name(), number);
    }

    /** Whether the gradient of the tensor at a position is asked for. */
    public boolean wants(int position) {
        return call.arg(position) instanceof Arg.Ref ref && wanted.test(ref);
    }

    /** Whether the gradient of an element of the tensor list at a position is asked for. */
    public boolean wants(int position, int element) {
        return element(position, element).filter(wanted).isPresent();
    }

    private Optional<Arg.Ref> element(int position, int element) {
        Arg.Ref ref = ((Arg.Refs) call.arg(position)).refs().get(element);
        return ref.equals(Arg.ABSENT) ? Optional.empty() : Optional.of(ref);
    }

    /**
     * Gives the gradient of a tensor argument, if it is asked for. It may have the sizes that the argument was broadcast
     * to, and another floating dtype.
     */
    public void give(int position, Supplier<Arg.Ref> gradient) {
        if (wants(position)) {
            accumulate(input(position), gradient.get());
        }
    }

    /** As {@link #give(int, Supplier)}, for an element of a tensor list. */
    public void give(int position, int element, Supplier<Arg.Ref> gradient) {
        element(position, element).filter(wanted).ifPresent(ref -> accumulate(ref, gradient.get()));
    }

    private void accumulate(Arg.Ref input, Arg.Ref gradient) {
        Arg.Ref own = fitted(gradient, e.tensor(input));
        gradients.merge(input, own, (a, b) -> e.add(a, b));
    }

    /** Of the input's sizes and dtype: the transpose of broadcasting is a sum. */
    private Arg.Ref fitted(Arg.Ref gradient, FakeTensor input) {
        return cast(sumTo(gradient, input.sizes()), input.dtype());
    }

    private Arg.Ref cast(Arg.Ref x, DType to) {
        DType from = e.dtype(x);
        return from.isComplex() && !to.isComplex() ? e.cast(e.unary("real", x), to) : e.cast(x, to);
    }

    /** Sums over the dimensions that broadcasting to {@code x}'s sizes had added or widened. */
    public Arg.Ref sumTo(Arg.Ref x, List<SymInt> sizes) {
        FakeTensor from = e.tensor(x);
        int added = from.rank() - sizes.size();
        List<Integer> over = new ArrayList<>();
        for (int d = 0; d < from.rank(); d++) {
            boolean widened = d >= added && sizes.get(d - added).is(1) && !from.size(d).is(1);
            if (d < added || widened) {
                over.add(d);
            }
        }
        if (over.isEmpty()) {
            return x;
        }
        return e.view(e.sum(x, Arg.ints(over.stream().mapToLong(d -> d).toArray()), true), sizes);
    }
}
