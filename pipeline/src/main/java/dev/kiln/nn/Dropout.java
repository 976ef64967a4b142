package dev.kiln.nn;

import dev.kiln.ops.KilnException;
import dev.kiln.tensor.Tensor;

/** In training sets elements to 0 with probability p and scales the others by 1/(1-p). */
public final class Dropout extends Module implements Layer {
    private final double p;

    public Dropout(double p) {
        if (p < 0 || p > 1) {
            throw new KilnException.BadInput("a probability from 0 to 1 expected, got " + p);
        }
        this.p = p;
    }

    @Override
    public Tensor forward(Tensor input) {
        return Functional.dropout(input, p, training());
    }
}
