package dev.kiln.stages.trace.function;

import dev.kiln.cache.aot.AotEntry;
import dev.kiln.cache.aot.AotEntry.OutputKind;
import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.graph.Node;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Mixed precision as PyTorch's {@code torch.autocast} on the CPU: products and convolutions compute in a short dtype, ops
 * that lose too much by it in f32, all others in whatever comes in. Parameters stay as they are.
 */
public final class Autocast {
    private static final Set<String> SHORT = Set.of("mm", "bmm", "addmm", "baddbmm", "addbmm", "matmul", "linear", "mv",
        "conv1d", "conv2d", "conv3d", "convolution", "_convolution", "scaled_dot_product_attention");
    private static final Set<String> WIDE = Set.of("softmax", "_softmax", "log_softmax", "_log_softmax", "cross_entropy_loss",
        "nll_loss", "nll_loss_forward", "mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss", "binary_cross_entropy",
        "binary_cross_entropy_with_logits", "kl_div", "cosine_embedding_loss", "prod", "cumsum", "cumprod", "norm",
        "linalg_vector_norm", "exp", "log", "pow", "logsumexp", "cdist", "layer_norm", "native_layer_norm", "rms_norm",
        "group_norm", "native_group_norm");

    private final DType dtype;
    private final GraphBuilder g;
    private final Map<Arg.Ref, Arg.Ref> mapped = new HashMap<>();
    private final Map<Arg.Ref, Arg.Ref> shortened = new HashMap<>();

    private Autocast(DType dtype, Graph graph) {
        this.dtype = dtype;
        g = new GraphBuilder(graph.shapes().copy());
    }

    /**
     * The function in mixed precision. Values that it writes back to its inputs keep the inputs' dtypes; other results are
     * what their ops give.
     *
     * @param dtype bf16 or f16
     */
    public static TracedFunction run(TracedFunction function, DType dtype) {
        Graph graph = function.graph();
        Autocast autocast = new Autocast(dtype, graph);
        graph.nodes().forEach(autocast::copy);
        for (int i = 0; i < graph.outputs().size(); i++) {
            autocast.output(graph, graph.outputs().get(i), function.outputs().get(i));
        }
        return new TracedFunction(function.name(), autocast.g.build(), function.inputs(), function.outputs());
    }

    private void copy(Node node) {
        if (!(node instanceof Node.Call call)) {
            g.add(node);
            return;
        }
        g.from(call.meta());
        List<Arg> args = new ArrayList<>();
        for (Arg arg : call.args()) {
            args.add(arg.mapReferences(r -> operand(call.op().packet(), mapped.getOrDefault(r, r))));
        }
        Arg.Ref result = g.call(call.op(), args);
        for (int i = 0; i < call.outputs().size(); i++) {
            mapped.put(new Arg.Ref(call.name(), i), new Arg.Ref(result.node(), i));
        }
    }

    private Arg.Ref operand(String packet, Arg.Ref ref) {
        DType has = g.tensor(ref).dtype();
        if (SHORT.contains(packet) && has == DType.F32) {
            return shortened.computeIfAbsent(ref, r -> g.call("aten._to_copy.default", r, dtype));
        }
        return WIDE.contains(packet) && has == dtype ? g.call("aten._to_copy.default", ref, DType.F32) : ref;
    }

    /** What another value aliases or replaces keeps its dtype. */
    private void output(Graph graph, Graph.Output output, AotEntry.Output kind) {
        Arg.Ref value = mapped.getOrDefault(output.value(), output.value());
        DType was = graph.tensor(output.value()).dtype();
        boolean keeps = kind.kind() != OutputKind.FRESH || kind.view().isPresent();
        g.output(output.name(), keeps && g.tensor(value).dtype() != was ? g.call("aten._to_copy.default", value, was) : value);
    }
}
