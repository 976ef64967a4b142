package dev.kiln.stages.trace.pt2;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import java.util.List;
import java.util.Map;

/** The attention kernels that PyTorch may have chosen during the export; only their first result is computed. */
final class AttentionOps {
    private static final Map<String, Translator> OPS = Map.of(
        "aten._scaled_dot_product_flash_attention_for_cpu.default", call -> attention(call, "attn_mask"),
        "aten._scaled_dot_product_flash_attention.default", call -> attention(call, "attn_mask"),
        "aten._scaled_dot_product_efficient_attention.default", call -> attention(call, "attn_bias"),
        "aten._scaled_dot_product_fused_attention_overrideable.default", call -> attention(call, "attn_bias"),
        "aten._scaled_dot_product_attention_math.default", call -> attention(call, "attn_mask"));

    private AttentionOps() {
    }

    static Translator find(String name) {
        return OPS.get(name);
    }

    private static List<Bound> attention(NodeCall call, String mask) {
        boolean drops = switch (call.arg("dropout_p", new Arg.Real(0))) {
            case Arg.Real(double value) -> value != 0;
            case Arg.Int(SymInt value) -> !value.is(0);
            default -> true;
        };
        if (drops) {
            throw new KilnException.Unsupported("dropout in attention is not supported; call eval() before the export");
        }
        return NodeCall.one(call.call("aten.scaled_dot_product_attention.default", call.tensor("query", 0),
            call.tensor("key", 1), call.tensor("value", 2), call.arg(mask, Arg.NONE), 0.0,
            call.arg("is_causal", new Arg.Bool(false)), call.arg("scale", Arg.NONE)));
    }
}
