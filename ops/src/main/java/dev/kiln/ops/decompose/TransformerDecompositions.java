package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;

/** The operators that {@code nn.MultiheadAttention} and {@code nn.TransformerEncoderLayer} call in inference. */
final class TransformerDecompositions {
    private static final String PROJECTIONS = "Tensor qkv_weight, Tensor qkv_bias, Tensor proj_weight, "
        + "Tensor proj_bias, ";

    private final Emit e;
    private final SymInt heads;
    private final Arg.Ref weight;
    private final Arg.Ref bias;
    private final Arg.Ref outWeight;
    private final Arg.Ref outBias;
    /** Added to the scores; null if nothing is masked. */
    private final Arg.Ref mask;

    /** @param first position of the projections among the arguments */
    private TransformerDecompositions(Emit e, OpArgs a, int heads, int first, Arg.Ref mask) {
        this.e = e;
        this.heads = a.size(heads);
        weight = Emit.ref(a, first);
        bias = Emit.ref(a, first + 1);
        outWeight = Emit.ref(a, first + 2);
        outBias = Emit.ref(a, first + 3);
        this.mask = mask;
    }

    static void define(Definitions d) {
        d.list("_native_multi_head_attention.default(Tensor query, Tensor key, Tensor value, int embed_dim, "
            + "int num_head, " + PROJECTIONS + "Tensor? mask=None, bool need_weights=True, "
            + "bool average_attn_weights=True, int? mask_type=None) -> (Tensor, Tensor)", TransformerDecompositions::attention);
        d.op("_transformer_encoder_layer_fwd.default(Tensor src, int embed_dim, int num_heads, " + PROJECTIONS
            + "bool use_gelu, bool norm_first, float eps, Tensor norm_weight_1, Tensor norm_bias_1, "
            + "Tensor norm_weight_2, Tensor norm_bias_2, Tensor ffn_weight_1, Tensor ffn_bias_1, "
            + "Tensor ffn_weight_2, Tensor ffn_bias_2, "
            + "Tensor? mask=None, int? mask_type=None) -> Tensor", TransformerDecompositions::layer);
    }

    /** True bars a score: [queries, keys] (type 0), [batch, keys] (type 1), or anything that broadcasts (type 2). */
    private static Arg.Ref mask(Emit e, OpArgs a, int position, int type, DType dtype) {
        if (a.isNone(position)) {
            return null;
        }
        Arg.Ref barred = Emit.ref(a, position);
        if (e.dtype(barred) != DType.BOOL) {
            throw new KilnException.Unsupported(a.schema().name() + " with a mask of " + e.dtype(barred)
                + " is not supported, only of bool");
        }
        if (!a.isNone(type) && a.integer(type) == 1) {
            barred = e.unsqueeze(e.unsqueeze(barred, 1), 1);
        }
        return e.where(barred, e.number(Double.NEGATIVE_INFINITY, dtype), e.number(0.0, dtype));
    }

    private static List<Arg.Ref> attention(Emit e, OpArgs a) {
        TransformerDecompositions t = new TransformerDecompositions(e, a, 4, 5,
            mask(e, a, 9, 12, a.tensor(0).dtype()));
        List<Arg.Ref> projected = t.projected(Emit.ref(a, 0), Emit.ref(a, 1), Emit.ref(a, 2));
        if (!a.bool(10)) {
            return List.of(t.attended(projected), e.full(List.of(SymInt.ZERO), 0.0, a.tensor(0).dtype()));
        }
        double scale = 1 / Math.sqrt(e.tensor(projected.getFirst()).size(3).asLong());
        Arg.Ref scores = e.call("matmul.default", e.mul(projected.get(0), scale),
            e.call("transpose.int", projected.get(1), -2, -1));
        Arg.Ref weights = e.call("softmax.int", t.mask == null ? scores : e.add(scores, t.mask), -1);
        Arg.Ref shown = a.bool(11) ? e.call("mean.dim", weights, new long[] {1}, false) : weights;
        return List.of(t.merged(e.call("matmul.default", weights, projected.get(2))), shown);
    }

    private static Arg.Ref layer(Emit e, OpArgs a) {
        TransformerDecompositions t = new TransformerDecompositions(e, a, 2, 3,
            mask(e, a, 18, 19, a.tensor(0).dtype()));
        boolean before = a.bool(8);
        Arg.Ref x = Emit.ref(a, 0);
        Arg.Ref seen = before ? normal(e, a, x, 10) : x;
        x = e.add(x, t.attended(t.projected(seen, seen, seen)));
        x = before ? x : normal(e, a, x, 10);
        Arg.Ref fed = before ? normal(e, a, x, 12) : x;
        Arg.Ref inner = e.unary(a.bool(7) ? "gelu" : "relu", e.call("linear.default", fed, a.arg(14), a.arg(15)));
        x = e.add(x, e.call("linear.default", inner, a.arg(16), a.arg(17)));
        return before ? x : normal(e, a, x, 12);
    }

    private static Arg.Ref normal(Emit e, OpArgs a, Arg.Ref x, int parameters) {
        return e.call("layer_norm.default", x, List.of(e.tensor(x).size(2)), a.arg(parameters), a.arg(parameters + 1),
            a.real(9));
    }

    /** Queries, keys and values as [batch, heads, sequence, width]. */
    private List<Arg.Ref> projected(Arg.Ref query, Arg.Ref key, Arg.Ref value) {
        SymInt width = e.tensor(weight).size(1);
        List<Arg.Ref> inputs = List.of(query, key, value);
        List<Arg.Ref> projected = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            SymInt from = width.times(i);
            Arg.Ref x = e.call("linear.default", inputs.get(i), e.slice(weight, 0, from, from.plus(width)),
                e.slice(bias, 0, from, from.plus(width)));
            List<SymInt> sizes = e.tensor(x).sizes();
            projected.add(e.call("transpose.int", e.view(x, List.of(sizes.get(0), sizes.get(1), heads,
                width.floorDiv(heads))), 1, 2));
        }
        return projected;
    }

    private Arg.Ref attended(List<Arg.Ref> projected) {
        return merged(e.call("scaled_dot_product_attention.default", projected.get(0), projected.get(1),
            projected.get(2), mask, 0.0, false));
    }

    /** Heads side by side again, through the last projection. */
    private Arg.Ref merged(Arg.Ref x) {
        List<SymInt> sizes = e.tensor(x).sizes();
        Arg.Ref joined = e.call("reshape.default", e.call("transpose.int", x, 1, 2),
            List.of(sizes.get(0), sizes.get(2), sizes.get(1).times(sizes.get(3))));
        return e.call("linear.default", joined, outWeight, outBias);
    }
}
