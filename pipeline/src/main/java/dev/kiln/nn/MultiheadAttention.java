package dev.kiln.nn;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.tensor.Generator;
import dev.kiln.tensor.Tensor;
import dev.kiln.tensor.Torch;

/** Attention of several heads with projections of queries, keys, values and the result. Inputs are [N, L, embed_dim]. */
public final class MultiheadAttention extends Module {
    private final int embed_dim;
    private final int num_heads;
    private final double dropout;
    /** [3 * embed_dim, embed_dim]: of queries, keys and values. */
    public Tensor in_proj_weight;
    public Tensor in_proj_bias;
    public final Linear out_proj;

    public MultiheadAttention(int embed_dim, int num_heads, Generator generator) {
        this(embed_dim, num_heads, 0, generator);
    }

    public MultiheadAttention(int embed_dim, int num_heads, double dropout, Generator generator) {
        if (embed_dim % num_heads != 0) {
            throw new KilnException.BadInput("embed_dim " + embed_dim + " is no multiple of num_heads " + num_heads);
        }
        this.embed_dim = embed_dim;
        this.num_heads = num_heads;
        this.dropout = dropout;
        in_proj_weight = parameter(Init.xavier_uniform(generator, 3L * embed_dim, embed_dim));
        in_proj_bias = parameter(Torch.zeros(3 * embed_dim));
        out_proj = new Linear(embed_dim, embed_dim, generator);
        out_proj.bias = parameter(Torch.zeros(embed_dim));
    }

    /** Of a sequence with itself. */
    public Tensor forward(Tensor input, Tensor attn_mask, boolean is_causal) {
        return forward(input, input, input, attn_mask, is_causal);
    }

    /**
     * @param query [N, L, embed_dim]
     * @param key [N, S, embed_dim], as the value
     * @param attn_mask that can be broadcast to [N, num_heads, L, S]: b8 (true takes part) or added to the scores; may be null
     * @return [N, L, embed_dim]
     */
    public Tensor forward(Tensor query, Tensor key, Tensor value, Tensor attn_mask, boolean is_causal) {
        Tensor q = heads(projected(query, 0));
        Tensor k = heads(projected(key, 1));
        Tensor v = heads(projected(value, 2));
        Tensor mixed = training() && dropout > 0 ? withDropout(q, k, v, attn_mask, is_causal)
            : Functional.scaled_dot_product_attention(q, k, v, attn_mask, 0, is_causal);
        return out_proj.forward(mixed.transpose(1, 2).reshape(query.size(0), query.size(1), embed_dim));
    }

    private Tensor projected(Tensor input, int part) {
        Tensor weight = in_proj_weight.narrow(0, part * embed_dim, embed_dim);
        return Functional.linear(input, weight, in_proj_bias.narrow(0, part * embed_dim, embed_dim));
    }

    private Tensor heads(Tensor input) {
        return input.view(input.size(0), input.size(1), num_heads, embed_dim / num_heads).transpose(1, 2);
    }

    private Tensor withDropout(Tensor q, Tensor k, Tensor v, Tensor attn_mask, boolean is_causal) {
        Tensor scores = q.matmul(k.transpose(-2, -1)).mul(1 / Math.sqrt(embed_dim / num_heads));
        if (is_causal) {
            SymInt length = scores.size(-2);
            Tensor past = Torch.ones(dev.kiln.ops.DType.BOOL, length, scores.size(-1)).tril(0);
            scores = scores.masked_fill(past.logical_not(), Double.NEGATIVE_INFINITY);
        }
        if (attn_mask != null) {
            scores = attn_mask.is_floating_point() ? scores.add(attn_mask)
                : scores.masked_fill(attn_mask.logical_not(), Double.NEGATIVE_INFINITY);
        }
        return Functional.dropout(scores.softmax(-1), dropout, true).matmul(v);
    }
}
