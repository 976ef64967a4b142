package dev.kiln.nn;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.tensor.Tensor;
import dev.kiln.tensor.Torch;

/**
 * Normalizes each channel (dimension 1) over all other dimensions, then scales and shifts. In training by the statistics of
 * the batch, which the running ones follow; in evaluation by the running ones.
 */
public abstract class BatchNorm extends Module implements Layer {
    private final double eps;
    private final double momentum;
    public Tensor weight;
    public Tensor bias;
    public Tensor running_mean;
    public Tensor running_var;
    /** i64 without dimensions. */
    public Tensor num_batches_tracked;

    BatchNorm(int num_features, double eps, double momentum) {
        this.eps = eps;
        this.momentum = momentum;
        weight = parameter(Torch.ones(num_features));
        bias = parameter(Torch.zeros(num_features));
        running_mean = buffer(Torch.zeros(num_features));
        running_var = buffer(Torch.ones(num_features));
        num_batches_tracked = buffer(Torch.zeros(DType.I64));
    }

    abstract boolean takes(Tensor input);

    @Override
    public Tensor forward(Tensor input) {
        if (!takes(input)) {
            throw new KilnException.BadInput(getClass().getSimpleName() + " does not take an input of sizes "
                + input.sizes());
        }
        if (training()) {
            num_batches_tracked.add_(1);
        }
        return Functional.batch_norm(input, running_mean, running_var, weight, bias, training(), momentum, eps);
    }
}
