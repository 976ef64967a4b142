package dev.kiln.ops.derivative;

/** The derivative rule of an operator (reverse mode): adds calls that compute gradients of the inputs. */
@FunctionalInterface
public interface Derivative {
    /** Gives the gradient of every input that is asked for, by {@link Backward#give}. */
    void apply(Backward b);
}
