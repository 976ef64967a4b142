package dev.kiln.stages.quantization;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.Node;
import dev.kiln.stages.Precision;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** A product of an f32 activation [.., K] and a constant weight, after decomposition. */
public record FloatLinear(Node.Call call, Arg.Ref input, ConstantMatrix weight, Optional<Arg.Ref> bias) {

    /** What a weight loses in a precision, or why it stays as it is. */
    public record Loss(String linear, long k, long n, Optional<String> whyNot, double decibel) {
    }

    public static Optional<FloatLinear> match(Function<Arg.Ref, Node> nodes, Node.Call call) {
        boolean linear = call.is("aten.linear.default");
        if (!linear && !call.is("aten.mm.default") || call.output(0).dtype() != DType.F32) {
            return Optional.empty();
        }
        Optional<Arg.Ref> bias = linear && call.arg(2) instanceof Arg.Ref ref ? Optional.of(ref) : Optional.empty();
        boolean constantInput = nodes.apply((Arg.Ref) call.arg(0)) instanceof Node.Constant;
        return constantInput ? Optional.empty() : ConstantMatrix.find(nodes, (Arg.Ref) call.arg(1), linear)
            .map(weight -> new FloatLinear(call, (Arg.Ref) call.arg(0), weight, bias));
    }

    /** The linears of a decomposed graph with what each loses, or why it stays. */
    public static List<Loss> losses(Graph graph, Precision precision) {
        List<Loss> losses = new ArrayList<>();
        for (Node.Call call : graph.calls()) {
            match(ref -> graph.node(ref.node()), call).ifPresent(linear -> {
                ConstantMatrix weight = linear.weight();
                Optional<String> whyNot = WeightQuantizer.whyNot(weight, precision);
                double decibel = whyNot.isPresent() ? Double.POSITIVE_INFINITY
                    : WeightQuantizer.quantize(weight, precision).decibel();
                losses.add(new Loss(linear.name(), weight.k(), weight.n(), whyNot, decibel));
            });
        }
        return losses;
    }

    /** What the user knows it by: the first of the nodes that it comes from, else the weight. */
    public String name() {
        int sources = call.sources().size();
        return sources == 0 ? weight.name() : call.sources().getFirst() + (sources == 1 ? "" : " +" + (sources - 1));
    }
}
