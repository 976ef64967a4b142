package dev.kiln.stages.postgrad;

import dev.kiln.ops.DType;
import dev.kiln.ops.aten.LowPrecisionProducts;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.Precision;
import dev.kiln.stages.pass.GraphRewriter;
import dev.kiln.stages.pass.GraphState;
import dev.kiln.stages.pass.GraphState.Stage;
import dev.kiln.stages.pass.Pass;
import dev.kiln.stages.pass.PassContext;
import dev.kiln.stages.quantization.ConstantMatrix;
import dev.kiln.stages.quantization.FloatLinear;
import dev.kiln.stages.quantization.QuantizedWeight;
import dev.kiln.stages.quantization.WeightQuantizer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * Rewrites products with constant f32 weights for the precision that the user chose. Weights are rounded here, so that
 * the artifact holds them as they are used.
 */
final class ChangePrecision implements Pass {
    @Override
    public Optional<String> notApplicableTo(GraphState state) {
        return state.mustFollow(Stage.DECOMPOSED);
    }

    @Override
    public Graph run(Graph graph, PassContext context) {
        Precision precision = context.options().precision();
        if (precision == Precision.FP32) {
            return graph;
        }
        Rewriting rewriting = new Rewriting(precision, context, new HashMap<>(), new HashMap<>());
        int[] changed = {0};
        Graph result = GraphRewriter.rewrite(graph, (builder, call) -> {
            Optional<List<Arg.Ref>> replacement = FloatLinear.match(builder::node, call)
                .flatMap(linear -> rewriting.replace(builder, linear)).map(List::of);
            changed[0] += replacement.isPresent() ? 1 : 0;
            return replacement;
        });
        context.decisions().add("post-grad", "precision " + precision + ": " + changed[0] + " linears changed");
        return result;
    }

    /**
     * @param weights rounded ones by what they come from: a weight that is used twice is kept once
     * @param constants of the new graph, by their wishes for a name
     */
    private record Rewriting(Precision precision, PassContext context, Map<ConstantMatrix, QuantizedWeight> weights,
            Map<String, Arg.Ref> constants) {

        Optional<Arg.Ref> replace(GraphBuilder g, FloatLinear linear) {
            Optional<String> whyNot = WeightQuantizer.whyNot(linear.weight(), precision);
            if (whyNot.isPresent()) {
                context.decisions().add("post-grad", linear.name() + " [" + linear.weight().k() + ", "
                    + linear.weight().n() + "] stays in fp32: " + whyNot.get());
                return Optional.empty();
            }
            Arg.Ref product = product(g, linear);
            return Optional.of(linear.bias().map(b -> g.call("aten.add.Tensor", product, b)).orElse(product));
        }

        private Arg.Ref product(GraphBuilder g, FloatLinear linear) {
            ConstantMatrix weight = linear.weight();
            String name = weight.name() + (weight.transposed() ? "_t" : "");
            return switch (weights.computeIfAbsent(weight, w -> WeightQuantizer.quantize(w, precision))) {
                case QuantizedWeight.Rounded(var values, double ignored) -> {
                    Arg.Ref constant = constant(g, name + "_bf16", values);
                    Arg.Ref matrix = weight.transposed() ? g.call("aten.t.default", constant) : constant;
                    yield rows(g, linear.input(), x -> g.call(LowPrecisionProducts.MM_DTYPE,
                        g.call("aten._to_copy.default", x, DType.BF16), matrix, DType.F32));
                }
                case QuantizedWeight.Int8(var values, var scales, double ignored) -> rows(g, linear.input(),
                    x -> g.call(LowPrecisionProducts.INT8_WEIGHT, x, constant(g, name + "_i8", values),
                        constant(g, name + "_scales", scales)));
                case QuantizedWeight.Int4(var values, int group, var parameters, double ignored) ->
                    g.call(LowPrecisionProducts.INT4_WEIGHT, linear.input(), constant(g, name + "_i4", values), group,
                        constant(g, name + "_scales", parameters));
            };
        }

        private Arg.Ref constant(GraphBuilder g, String name, ConstantValue value) {
            return constants.computeIfAbsent(name, n -> g.constant(n, value));
        }

        /** A product of all rows of a tensor. */
        private static Arg.Ref rows(GraphBuilder g, Arg.Ref x, UnaryOperator<Arg.Ref> product) {
            List<SymInt> sizes = g.tensor(x).sizes();
            if (sizes.size() == 2) {
                return product.apply(x);
            }
            List<SymInt> lead = sizes.subList(0, sizes.size() - 1);
            Arg.Ref flat = product.apply(g.call("aten.view.default", x, List.of(SymInt.product(lead), sizes.getLast())));
            List<SymInt> result = new ArrayList<>(lead);
            result.add(g.tensor(flat).size(1));
            return g.call("aten.view.default", flat, result);
        }
    }
}
