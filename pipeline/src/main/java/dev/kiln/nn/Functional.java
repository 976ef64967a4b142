package dev.kiln.nn;

import dev.kiln.tensor.Tensor;
import java.util.List;

/** What PyTorch has in {@code torch.nn.functional}; sizes and defaults are PyTorch's. */
public final class Functional {
    private Functional() {
    }

    /** {@code input @ weight.T + bias}; the bias may be null. */
    public static Tensor linear(Tensor input, Tensor weight, Tensor bias) {
        return Tensor.call("aten.linear.default", input, weight, bias);
    }

    public static Tensor conv1d(Tensor input, Tensor weight, Tensor bias, int stride, int padding, int dilation,
            int groups) {
        return Tensor.call("aten.conv1d.default", input, weight, bias, one(stride), one(padding), one(dilation), groups);
    }

    public static Tensor conv2d(Tensor input, Tensor weight, Tensor bias, int stride, int padding, int dilation,
            int groups) {
        return Tensor.call("aten.conv2d.default", input, weight, bias, two(stride), two(padding), two(dilation), groups);
    }

    private static long[] one(long value) {
        return new long[] {value};
    }

    private static long[] two(long value) {
        return new long[] {value, value};
    }

    public static Tensor max_pool2d(Tensor input, int kernel_size, int stride, int padding) {
        return Tensor.call("aten.max_pool2d.default", input, two(kernel_size), two(stride), two(padding));
    }

    public static Tensor avg_pool2d(Tensor input, int kernel_size, int stride, int padding) {
        return Tensor.call("aten.avg_pool2d.default", input, two(kernel_size), two(stride), two(padding));
    }

    public static Tensor adaptive_avg_pool2d(Tensor input, int height, int width) {
        return Tensor.call("aten.adaptive_avg_pool2d.default", input, new long[] {height, width});
    }

    /** {@code mode} is constant, reflect, replicate or circular; pairs of before and after, last dimension first. */
    public static Tensor pad(Tensor input, long[] pad, String mode, double value) {
        return Tensor.call("aten.pad.default", input, pad, mode, mode.equals("constant") ? value : null);
    }

    /** The weight and bias, of sizes {@code normalized_shape}, may be null. */
    public static Tensor layer_norm(Tensor input, long[] normalized_shape, Tensor weight, Tensor bias, double eps) {
        return Tensor.call("aten.layer_norm.default", input, normalized_shape, weight, bias, eps);
    }

    public static Tensor rms_norm(Tensor input, long[] normalized_shape, Tensor weight, Double eps) {
        return Tensor.call("aten.rms_norm.default", input, normalized_shape, weight, eps);
    }

    public static Tensor group_norm(Tensor input, int num_groups, Tensor weight, Tensor bias, double eps) {
        return Tensor.call("aten.group_norm.default", input, num_groups, weight, bias, eps);
    }

    /**
     * Normalizes over all dimensions but 1. In training by the batch's statistics, which the running ones follow in place;
     * else by the running ones.
     *
     * @param running_mean null, as the variance, where no statistics are kept
     */
    public static Tensor batch_norm(Tensor input, Tensor running_mean, Tensor running_var, Tensor weight, Tensor bias,
            boolean training, double momentum, double eps) {
        if (!training) {
            return Tensor.call_all("aten._native_batch_norm_legit_no_training.default", input, weight, bias, running_mean,
                running_var, momentum, eps).getFirst();
        }
        if (running_mean == null) {
            return Tensor.call_all("aten._native_batch_norm_legit.no_stats", input, weight, bias, true, momentum, eps)
                .getFirst();
        }
        List<Tensor> results = Tensor.call_all("aten._native_batch_norm_legit_functional.default", input, weight, bias,
            running_mean, running_var, true, momentum, eps);
        running_mean.copy_(results.get(3));
        running_var.copy_(results.get(4));
        return results.getFirst();
    }

    /** Rows of {@code weight} by i64 indices. */
    public static Tensor embedding(Tensor input, Tensor weight) {
        return Tensor.call("aten.embedding.default", weight, input);
    }

    /** In training sets elements to 0 with probability {@code p} and scales the others; else the input itself. */
    public static Tensor dropout(Tensor input, double p, boolean training) {
        return !training || p == 0 ? input : Tensor.call_all("aten.native_dropout.default", input, p, true).getFirst();
    }

    public static Tensor relu(Tensor input) {
        return input.relu();
    }

    public static Tensor gelu(Tensor input) {
        return input.gelu();
    }

    public static Tensor silu(Tensor input) {
        return input.silu();
    }

    public static Tensor softmax(Tensor input, int dim) {
        return input.softmax(dim);
    }

    public static Tensor log_softmax(Tensor input, int dim) {
        return input.log_softmax(dim);
    }

    public static Tensor glu(Tensor input, int dim) {
        return Tensor.call("aten.glu.default", input, dim);
    }

    /** i64 of one more dimension, 1 at the class and 0 elsewhere. */
    public static Tensor one_hot(Tensor input, int num_classes) {
        return Tensor.call("aten.one_hot.default", input, num_classes);
    }

    /** Scaled to length 1 in the p-norm along a dimension. */
    public static Tensor normalize(Tensor input, double p, int dim, double eps) {
        return input.div(input.norm(p, new int[] {dim}, true).clamp_min(eps));
    }

    /** Attention without a mask. */
    public static Tensor scaled_dot_product_attention(Tensor query, Tensor key, Tensor value) {
        return scaled_dot_product_attention(query, key, value, null, 0, false);
    }

    /**
     * @param query [..., heads, length, size]; key and value with a length of their own
     * @param attn_mask b8 (true takes part) or added to the scores; may be null
     */
    public static Tensor scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor attn_mask,
            double dropout_p, boolean is_causal) {
        return Tensor.call("aten.scaled_dot_product_attention.default", query, key, value, attn_mask, dropout_p, is_causal);
    }

    /**
     * @param input scores [N, C, ...]
     * @param target classes [N, ...], or probabilities of the scores' sizes
     */
    public static Tensor cross_entropy(Tensor input, Tensor target) {
        return cross_entropy(input, target, null, -100, Reduction.MEAN, 0);
    }

    /** @param weight one for each class; may be null */
    public static Tensor cross_entropy(Tensor input, Tensor target, Tensor weight, long ignore_index, Reduction reduction,
            double label_smoothing) {
        return Tensor.call("aten.cross_entropy_loss.default", input, target, weight, reduction.ordinal(), ignore_index,
            label_smoothing);
    }

    public static Tensor nll_loss(Tensor input, Tensor target, Tensor weight, long ignore_index, Reduction reduction) {
        return Tensor.call("aten.nll_loss_nd.default", input, target, weight, reduction.ordinal(), ignore_index);
    }

    public static Tensor mse_loss(Tensor input, Tensor target, Reduction reduction) {
        return Tensor.call("aten.mse_loss.default", input, target, reduction.ordinal());
    }

    public static Tensor l1_loss(Tensor input, Tensor target, Reduction reduction) {
        return Tensor.call("aten.l1_loss.default", input, target, reduction.ordinal());
    }

    public static Tensor huber_loss(Tensor input, Tensor target, Reduction reduction, double delta) {
        return Tensor.call("aten.huber_loss.default", input, target, reduction.ordinal(), delta);
    }

    public static Tensor smooth_l1_loss(Tensor input, Tensor target, Reduction reduction, double beta) {
        return Tensor.call("aten.smooth_l1_loss.default", input, target, reduction.ordinal(), beta);
    }

    /** @param input probabilities */
    public static Tensor binary_cross_entropy(Tensor input, Tensor target, Tensor weight, Reduction reduction) {
        return Tensor.call("aten.binary_cross_entropy.default", input, target, weight, reduction.ordinal());
    }

    public static Tensor binary_cross_entropy_with_logits(Tensor input, Tensor target, Tensor weight, Tensor pos_weight,
            Reduction reduction) {
        return Tensor.call("aten.binary_cross_entropy_with_logits.default", input, target, weight, pos_weight,
            reduction.ordinal());
    }

    /** @param input logarithms of probabilities */
    public static Tensor kl_div(Tensor input, Tensor target, Reduction reduction, boolean log_target) {
        return Tensor.call("aten.kl_div.default", input, target, reduction.ordinal(), log_target);
    }
}
