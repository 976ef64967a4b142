package dev.kiln.nn;

import dev.kiln.tensor.Generator;
import dev.kiln.tensor.Tensor;

/** Self-attention and a feed-forward network, each with a residual, dropout and layer norm. Inputs are [N, L, d_model]. */
public final class TransformerEncoderLayer extends Module implements Layer {
    public final MultiheadAttention self_attn;
    public final Linear linear1;
    public final Linear linear2;
    public final LayerNorm norm1;
    public final LayerNorm norm2;
    private final Layer activation;
    private final boolean norm_first;
    private final double dropout;

    public TransformerEncoderLayer(int d_model, int nhead, int dim_feedforward, double dropout, Generator generator) {
        this(d_model, nhead, dim_feedforward, dropout, Functional::relu, false, generator);
    }

    /** @param norm_first whether inputs are normalized before each part, instead of sums after it */
    public TransformerEncoderLayer(int d_model, int nhead, int dim_feedforward, double dropout, Layer activation,
            boolean norm_first, Generator generator) {
        self_attn = new MultiheadAttention(d_model, nhead, dropout, generator);
        linear1 = new Linear(d_model, dim_feedforward, generator);
        linear2 = new Linear(dim_feedforward, d_model, generator);
        norm1 = new LayerNorm(d_model);
        norm2 = new LayerNorm(d_model);
        this.activation = activation;
        this.norm_first = norm_first;
        this.dropout = dropout;
    }

    @Override
    public Tensor forward(Tensor src) {
        return forward(src, null, false);
    }

    /** The mask as in {@link MultiheadAttention}. */
    public Tensor forward(Tensor src, Tensor src_mask, boolean is_causal) {
        if (norm_first) {
            Tensor x = src.add(attention(norm1.forward(src), src_mask, is_causal));
            return x.add(feedForward(norm2.forward(x)));
        }
        Tensor x = norm1.forward(src.add(attention(src, src_mask, is_causal)));
        return norm2.forward(x.add(feedForward(x)));
    }

    private Tensor attention(Tensor x, Tensor mask, boolean causal) {
        return dropped(self_attn.forward(x, mask, causal));
    }

    private Tensor feedForward(Tensor x) {
        return dropped(linear2.forward(dropped(activation.forward(linear1.forward(x)))));
    }

    private Tensor dropped(Tensor x) {
        return Functional.dropout(x, dropout, training());
    }
}
