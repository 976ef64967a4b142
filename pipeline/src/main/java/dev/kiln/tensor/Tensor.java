package dev.kiln.tensor;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.function.TracedTensor;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * A tensor with PyTorch's operations under PyTorch's names; those that end in an underscore change it.
 *
 * <p>A tensor is concrete (it has memory) or traced (it stands for one while a function is traced for compilation). Ops on
 * concrete tensors run in Kiln's reference interpreter, at once: enough to prepare data and to test, slow, and without
 * gradients. What shall be fast or differentiated belongs in a compiled function. Views share memory in both.
 *
 * <p>Sizes in arguments are numbers or {@link SymInt}s; dimensions may count from the end (-1 is the last). Where an op
 * cannot take its arguments, it throws {@link KilnException.BadInput}; in a function that is traced the message names the
 * line.
 */
public final class Tensor implements TensorArithmetic, TensorComparison, TensorMath, TensorReduction, TensorProduct,
        TensorShape, TensorIndexing, TensorInPlace, TensorValues {
    private dev.kiln.kernels.runtime.Tensor value;
    private final TracedTensor traced;
    private Role role = Role.PLAIN;
    private boolean requiresGrad;
    private Tensor grad;
    /** Told once the gradient is gone; null when others may have it. */
    private Runnable gradGone;
    private GradientSource source;
    private int version;

    private Tensor(dev.kiln.kernels.runtime.Tensor value, TracedTensor traced) {
        this.value = value;
        this.traced = traced;
    }

    /** A concrete tensor on the same memory. */
    public static Tensor of(dev.kiln.kernels.runtime.Tensor value) {
        return new Tensor(Objects.requireNonNull(value, "value"), null);
    }

    static Tensor of(TracedTensor traced) {
        return new Tensor(null, traced);
    }

    /** f32 values of the given sizes, in row-major order; without sizes a vector. */
    public static Tensor of(float[] values, long... sizes) {
        return Torch.given(dev.kiln.kernels.runtime.Tensor.ofFloats(values, orVector(sizes, values.length)));
    }

    /** f64 values of the given sizes, in row-major order; without sizes a vector. */
    public static Tensor of(double[] values, long... sizes) {
        return Torch.given(dev.kiln.kernels.runtime.Tensor.ofDoubles(values, orVector(sizes, values.length)));
    }

    /** i64 values of the given sizes, in row-major order; without sizes a vector. */
    public static Tensor of(long[] values, long... sizes) {
        return Torch.given(dev.kiln.kernels.runtime.Tensor.ofLongs(values, orVector(sizes, values.length)));
    }

    /** b8 values of the given sizes, in row-major order; without sizes a vector. */
    public static Tensor of(boolean[] values, long... sizes) {
        return Torch.given(dev.kiln.kernels.runtime.Tensor.ofBooleans(values, orVector(sizes, values.length)));
    }

    /** A tensor without dimensions: i64 of a whole number, f32 of a fraction. */
    public static Tensor scalar(Number number) {
        boolean whole = number instanceof Long || number instanceof Integer || number instanceof Short
            || number instanceof Byte;
        return whole ? Torch.given(dev.kiln.kernels.runtime.Tensor.ofLongs(new long[] {number.longValue()}))
            : Torch.given(dev.kiln.kernels.runtime.Tensor.ofFloats(new float[] {number.floatValue()}));
    }

    private static long[] orVector(long[] sizes, int count) {
        return sizes.length == 0 ? new long[] {count} : sizes;
    }

    /**
     * Any op of Kiln's table by its full name, {@code aten.add.Tensor} for example; one that ends in an underscore changes
     * its first argument.
     *
     * @param args in the order of the op's schema; trailing ones that have a default may be left out, null is None
     * @throws IllegalArgumentException if the op has several results
     */
    public static Tensor call(String overload, Object... args) {
        return Dispatch.call(overload, args);
    }

    /** As {@link #call}, for ops with any number of results. */
    public static List<Tensor> call_all(String overload, Object... args) {
        return Dispatch.callAll(overload, args);
    }

    /** A copy with memory of its own. */
    @Override
    public Tensor clone() {
        return Dispatch.call("aten.clone.default", this);
    }

    /** Whether it stands for a tensor in a function that is being traced, and has no values yet. */
    public boolean isTraced() {
        return traced != null;
    }

    TracedTensor traced() {
        return traced;
    }

    /**
     * Its memory.
     *
     * @throws KilnException.Unsupported for a traced tensor
     */
    public dev.kiln.kernels.runtime.Tensor value() {
        if (isTraced()) {
            throw UserCode.dependsOnData("value()");
        }
        return value;
    }

    /** Takes the sizes and strides of a view of its memory. */
    void become(Tensor view) {
        value = view.value;
    }

    public DType dtype() {
        return isTraced() ? traced.dtype() : value.dtype();
    }

    /** Number of dimensions. */
    public int dim() {
        return isTraced() ? traced.sizes().size() : value.rank();
    }

    /** All sizes; an open one is an expression. */
    public List<SymInt> sizes() {
        return isTraced() ? traced.sizes() : Arrays.stream(value.shape()).mapToObj(SymInt::of).toList();
    }

    /** One size; {@link Sizes} turns it into a number or compares it. */
    public SymInt size(int dim) {
        int index = dim < 0 ? dim + dim() : dim;
        if (index < 0 || index >= dim()) {
            throw new KilnException.BadInput("size(" + dim + ") is out of range for " + this);
        }
        return sizes().get(index);
    }

    public SymInt numel() {
        return SymInt.product(sizes());
    }

    public boolean is_floating_point() {
        return dtype().isFloating();
    }

    public boolean is_contiguous() {
        return isTraced() ? traced.layout().isContiguous() : value.isContiguous();
    }

    /** Whether gradients flow to it. */
    public boolean requires_grad() {
        return isTraced() ? traced.requiresGrad() : requiresGrad;
    }

    /**
     * Says whether a compiled function computes a gradient for it. Gives itself.
     *
     * @throws KilnException.BadInput for a tensor that is not floating, or is traced
     */
    public Tensor requires_grad_(boolean required) {
        if (isTraced()) {
            throw new KilnException.BadInput(UserCode.line() + ": requires_grad_ in a function that is traced: set it on the "
                + "tensors outside");
        }
        if (required && !dtype().isFloating()) {
            throw new KilnException.BadInput("only floating tensors have gradients, not " + this);
        }
        requiresGrad = required;
        return this;
    }

    public Tensor requires_grad_() {
        return requires_grad_(true);
    }

    /** Whether it is no result of a compiled function that gradients flow through. */
    public boolean is_leaf() {
        return source == null;
    }

    /** The gradient that {@code backward()} left here, summed up; null if there is none. */
    public Tensor grad() {
        gradGone = null;
        return grad;
    }

    /** As {@link #grad()}, for those who do not hold it for longer than this tensor does: its memory may be used again. */
    public Tensor borrowedGrad() {
        return grad;
    }

    /** Replaces the gradient; null removes it. */
    public void grad(Tensor gradient) {
        grad(gradient, null);
    }

    /**
     * As {@link #grad(Tensor)}, for a gradient in memory that is to be used again.
     *
     * @param gone told when the gradient is replaced, unless {@link #grad()} has given it out
     */
    public void grad(Tensor gradient, Runnable gone) {
        if (gradient != null && (gradient.dtype() != dtype() || !gradient.sizes().equals(sizes()))) {
            throw new KilnException.BadInput("a gradient of " + gradient + " does not fit " + this);
        }
        Runnable last = gradGone;
        grad = gradient;
        gradGone = gone;
        if (last != null) {
            last.run();
        }
    }

    /** What computed it; null for a leaf. */
    public GradientSource source() {
        return source;
    }

    /** Notes what computed it; gradients flow there. */
    public Tensor source(GradientSource computed) {
        source = computed;
        requiresGrad = computed != null;
        return this;
    }

    /** How often its values were changed in place through this object. */
    public int version() {
        return version;
    }

    /** Notes that its values were changed in place. */
    public void changed() {
        version++;
    }

    public Role role() {
        return role;
    }

    /** Makes it a parameter or a buffer of the module that holds it. */
    public Tensor role(Role newRole) {
        role = newRole;
        return this;
    }

    /** Sends gradients back from a tensor of one element. */
    public void backward() {
        requireSource();
        if (value.numel() != 1) {
            throw new KilnException.BadInput("backward() of " + this + " needs a gradient: only a single element has 1");
        }
        backward(Torch.ones(dtype(), value.shape()));
    }

    /**
     * Sends gradients back to all leaves that this was computed from, where they are added to {@code grad()}.
     *
     * @param gradient of this tensor's dtype and sizes
     * @throws KilnException.BadInput if no compiled function made this tensor
     */
    public void backward(Tensor gradient) {
        backward(gradient, false);
    }

    /**
     * As {@link #backward(Tensor)}.
     *
     * @param retain_graph keeps what the forward calls saved, so that gradients can be sent back once more
     */
    public void backward(Tensor gradient, boolean retain_graph) {
        requireSource();
        if (gradient.dtype() != dtype() || !gradient.sizes().equals(sizes())) {
            throw new KilnException.BadInput("a gradient of " + gradient + " does not fit " + this);
        }
        source.backward(this, gradient, retain_graph);
    }

    private void requireSource() {
        if (isTraced()) {
            throw new KilnException.Unsupported(UserCode.line() + ": backward() inside a function that is traced: call it on "
                + "what the compiled function gives back");
        }
        if (source == null) {
            throw new KilnException.BadInput(UserCode.line() + ": backward() of a tensor that no compiled function made: ops "
                + "on concrete tensors record no gradients; compute it in a function compiled by Kiln");
        }
    }

    /** dtype and sizes, for example {@code f32[2, 3]}. */
    @Override
    public String toString() {
        return isTraced() ? traced.toString() : value.toString();
    }
}
