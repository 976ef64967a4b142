package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;
import java.util.ArrayList;
import java.util.List;

/** Attention and rotary embeddings of opset 23. */
final class AttentionImports {
    private final NodeImport n;
    private final Arg.Ref query;
    private final Arg.Ref key;
    private final Arg.Ref value;
    private final SymInt past;
    private final double scale;

    private AttentionImports(NodeImport n) {
        this.n = n;
        this.query = heads(0, "q_num_heads");
        Arg.Ref newKey = heads(1, "kv_num_heads");
        Arg.Ref newValue = heads(2, "kv_num_heads");
        this.past = n.has(4) ? n.type(n.tensor(4)).size(2) : SymInt.ZERO;
        this.key = n.has(4) ? n.call("aten.cat.default", List.of(n.tensor(4), newKey), 2) : newKey;
        this.value = n.has(5) ? n.call("aten.cat.default", List.of(n.tensor(5), newValue), 2) : newValue;
        long width = n.shapes().specialize(n.type(query).sizes().getLast());
        this.scale = n.attributes().has("scale") ? n.attributes().real("scale", 1) : 1 / Math.sqrt(width);
    }

    static void register(Registry r) {
        r.tensors("Attention", n -> new AttentionImports(n).translate());
        r.tensor("RotaryEmbedding", RotaryEmbeddingImport::translate);
    }

    /** As [batch, heads, sequence, width]; three dimensions have the heads within the last one. */
    private Arg.Ref heads(int input, String attribute) {
        Arg.Ref x = n.tensor(input);
        if (n.rank(x) == 4) {
            return x;
        }
        SymInt heads = SymInt.of(n.attributes().requireInteger(attribute));
        List<SymInt> sizes = n.type(x).sizes();
        return n.call("aten.transpose.int", n.reshape(x, List.of(sizes.get(0), sizes.get(1), heads,
            sizes.get(2).floorDiv(heads))), 1, 2);
    }

    private List<Arg.Ref> translate() {
        boolean plain = !n.wants(3) && n.attributes().real("softcap", 0) == 0;
        Arg.Ref mask = mask();
        Arg.Ref[] scores = {null};
        Arg.Ref result = plain ? n.call("aten.scaled_dot_product_attention.default", query, grouped(key),
            grouped(value), mask, 0.0, false, scale) : byProducts(mask, scores);
        List<Arg.Ref> outputs = new ArrayList<>(List.of(merged(result), key, value));
        if (scores[0] != null) {
            outputs.add(scores[0]);
        }
        return outputs;
    }

    /** In the layout of the input. */
    private Arg.Ref merged(Arg.Ref result) {
        if (n.rank(n.tensor(0)) == 4) {
            return result;
        }
        List<SymInt> sizes = n.type(result).sizes();
        return n.reshape(n.call("aten.transpose.int", result, 1, 2),
            List.of(sizes.get(0), sizes.get(2), sizes.get(1).times(sizes.get(3))));
    }

    /** Each key (or value) head as often as query heads share it. */
    private Arg.Ref grouped(Arg.Ref x) {
        long own = n.shapes().specialize(n.type(x).size(1));
        long wanted = n.shapes().specialize(n.type(query).size(1));
        if (wanted % own != 0) {
            throw new KilnException.BadInput(wanted + " query heads cannot share " + own + " key heads");
        }
        return own == wanted ? x : n.call("aten.repeat_interleave.self_int", x, wanted / own, 1);
    }

    /** What is added to the scores: the given mask, with what lies in the future left out. Null if nothing. */
    private Arg.Ref mask() {
        DType dtype = n.dtype(query);
        Arg.Ref mask = n.has(3) ? n.dtype(n.tensor(3)) == DType.BOOL ? barred(n.tensor(3)) : n.cast(n.tensor(3), dtype)
            : null;
        if (!n.attributes().flag("is_causal", false)) {
            return mask;
        }
        Arg.Ref row = n.call("aten.arange.start_step", past, past.plus(n.type(query).size(2)), 1, DType.I64);
        Arg.Ref column = n.call("aten.arange.start_step", SymInt.ZERO, n.type(key).size(2), 1, DType.I64);
        Arg.Ref causal = barred(n.call("aten.le.Tensor", column, n.call("aten.unsqueeze.default", row, 1)));
        return mask == null ? causal : n.call("aten.add.Tensor", mask, causal);
    }

    private Arg.Ref barred(Arg.Ref allowed) {
        DType dtype = n.dtype(query);
        return n.call("aten.where.self", allowed, n.call("aten.full.default", List.of(), 0.0, dtype),
            n.call("aten.full.default", List.of(), Double.NEGATIVE_INFINITY, dtype));
    }

    /** With the scores on the way, which the fourth output shows at the stage that the mode names. */
    private Arg.Ref byProducts(Arg.Ref mask, Arg.Ref[] shown) {
        Arg.Ref raw = n.call("aten.mul.Scalar", n.call("aten.matmul.default", query,
            n.call("aten.transpose.int", grouped(key), -2, -1)), scale);
        Arg.Ref masked = mask == null ? raw : n.call("aten.add.Tensor", raw, mask);
        double cap = n.attributes().real("softcap", 0);
        Arg.Ref capped = cap == 0 ? masked : n.call("aten.mul.Scalar",
            n.call("aten.tanh.default", n.call("aten.div.Scalar", masked, cap)), cap);
        Arg.Ref weights = n.call("aten._softmax.default", capped, -1, false);
        if (n.wants(3)) {
            long mode = n.attributes().integer("qk_matmul_output_mode", 0);
            shown[0] = mode == 0 ? raw : mode == 1 ? masked : mode == 2 ? capped : weights;
        }
        return n.call("aten.matmul.default", weights, grouped(value));
    }
}
