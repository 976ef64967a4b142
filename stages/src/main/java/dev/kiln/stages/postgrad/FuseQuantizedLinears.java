package dev.kiln.stages.postgrad;

import dev.kiln.ops.DType;
import dev.kiln.ops.aten.QuantizationOps;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.schema.OpKind;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.pass.GraphRewriter;
import dev.kiln.stages.pass.GraphState;
import dev.kiln.stages.pass.GraphState.Stage;
import dev.kiln.stages.pass.Pass;
import dev.kiln.stages.pass.PassContext;
import dev.kiln.stages.quantization.ConstantMatrix;
import dev.kiln.stages.quantization.IntegerProduct;
import java.util.List;
import java.util.Optional;

/**
 * A product of a dequantised activation and a dequantised constant weight, both of 8 bits, becomes a product of the bytes,
 * scaled afterwards. Before constants are folded, which would leave no bytes.
 */
final class FuseQuantizedLinears implements Pass {
    /** Products of bytes that fit a sum in 32 bits whatever they are. */
    private static final long DEEPEST = 1 << 15;

    /** A tensor of bytes and what it is scaled by: one number, or a vector along the columns. */
    private record Quantized(Arg.Ref values, Arg.Ref scale, Optional<Arg.Ref> zero) {
        IntegerProduct.Operand operand() {
            return new IntegerProduct.Operand(values, zero);
        }
    }

    @Override
    public Optional<String> notApplicableTo(GraphState state) {
        return state.mustPrecede(Stage.DECOMPOSED);
    }

    @Override
    public Graph run(Graph graph, PassContext context) {
        int[] count = {0};
        Graph result = GraphRewriter.rewrite(graph, (builder, call) -> {
            Optional<Arg.Ref> replacement = new Rewriting(builder).replace(call);
            count[0] += replacement.isPresent() ? 1 : 0;
            return replacement.map(List::of);
        });
        if (count[0] > 0) {
            context.decisions().add("post-grad", count[0] + " quantised linears multiply bytes");
        }
        return result;
    }

    private record Rewriting(GraphBuilder g) {

        Optional<Arg.Ref> replace(Node.Call call) {
            return switch (call.op().name()) {
                case "aten.matmul.default", "aten.mm.default" ->
                    product((Arg.Ref) call.arg(0), (Arg.Ref) call.arg(1), false).map(p -> finished(call, p));
                case "aten.linear.default" ->
                    product((Arg.Ref) call.arg(0), (Arg.Ref) call.arg(1), true).map(p -> finished(call,
                        call.arg(2) instanceof Arg.Ref bias ? g.call("aten.add.Tensor", p, bias) : p));
                case "aten.addmm.default" -> product((Arg.Ref) call.arg(1), (Arg.Ref) call.arg(2), false)
                    .map(p -> finished(call, g.call("aten.add.Tensor",
                        times((Arg.Ref) call.arg(0), call.arg(3)), times(p, call.arg(4)))));
                default -> Optional.empty();
            };
        }

        private Arg.Ref finished(Node.Call call, Arg.Ref result) {
            DType dtype = call.output(0).dtype();
            return g.tensor(result).dtype() == dtype ? result : g.call("aten._to_copy.default", result, dtype);
        }

        private Arg.Ref times(Arg.Ref x, Arg factor) {
            return factor.equals(Arg.of(1)) || factor.equals(new Arg.Real(1)) ? x : g.call("aten.mul.Scalar", x, factor);
        }

        /** In f32; empty if the operands are not quantised that way. */
        private Optional<Arg.Ref> product(Arg.Ref left, Arg.Ref right, boolean transposed) {
            Optional<Quantized> activation = wholly(left);
            Optional<Quantized> weight = matrix(right, transposed);
            if (activation.isEmpty() || weight.isEmpty()
                    || !IntegerProduct.takes(g, activation.get().values(), weight.get().values())) {
                return Optional.empty();
            }
            SymInt depth = g.tensor(weight.get().values()).size(0);
            if (!depth.isConstant() || depth.asLong() > DEEPEST) {
                return Optional.empty();
            }
            Arg.Ref sum = IntegerProduct.of(g, activation.get().operand(), weight.get().operand());
            Arg.Ref scale = g.call("aten.mul.Tensor", wide(activation.get().scale()), wide(weight.get().scale()));
            return Optional.of(g.call("aten.mul.Tensor", g.call("aten._to_copy.default", sum, DType.F32), scale));
        }

        /** A scale as f32, a single one without dimensions. */
        private Arg.Ref wide(Arg.Ref scale) {
            FakeTensor type = g.tensor(scale);
            Arg.Ref flat = type.numel().is(1) && type.rank() > 0
                ? g.call("aten.reshape.default", scale, List.of()) : scale;
            return type.dtype() == DType.F32 ? flat : g.call("aten._to_copy.default", flat, DType.F32);
        }

        /** A tensor with one scale for all of it, perhaps seen through views: the view of its bytes. */
        private Optional<Quantized> wholly(Arg.Ref ref) {
            if (!(g.node(ref) instanceof Node.Call call)) {
                return Optional.empty();
            }
            if (call.is(QuantizationOps.DEQUANTIZE)) {
                return Optional.of(quantized(call)).filter(q -> isSingle(q.scale())
                    && q.zero().map(this::isSingle).orElse(true) && !(g.node(q.values()) instanceof Node.Constant));
            }
            boolean view = call.op().kind() == OpKind.VIEW || call.is("aten.reshape.default")
                || call.is("aten.flatten.using_ints");
            if (!view || call.inputs().size() != 1) {
                return Optional.empty();
            }
            return wholly(call.inputs().getFirst()).map(q -> new Quantized(
                g.call(call.op(), call.args().stream().map(a -> a.mapReferences(r -> q.values())).toList()),
                q.scale(), q.zero()));
        }

        private boolean isSingle(Arg.Ref parameter) {
            return g.tensor(parameter).numel().is(1);
        }

        private Quantized quantized(Node.Call dequantize) {
            return new Quantized((Arg.Ref) dequantize.arg(0), (Arg.Ref) dequantize.arg(1),
                dequantize.arg(2) instanceof Arg.Ref zero ? Optional.of(zero) : Optional.empty());
        }

        /** A constant [K, N] with one scale or one a column; {@code turned} if the argument is its transpose. */
        private Optional<Quantized> matrix(Arg.Ref ref, boolean turned) {
            if (!(g.node(ref) instanceof Node.Call call) || g.tensor(ref).rank() != 2) {
                return Optional.empty();
            }
            if (ConstantMatrix.isTransposition(call)) {
                return matrix((Arg.Ref) call.arg(0), !turned);
            }
            Optional<Arg.Ref> bytes = call.is(QuantizationOps.DEQUANTIZE) ? constant((Arg.Ref) call.arg(0), turned)
                : Optional.empty();
            if (bytes.isEmpty()) {
                return Optional.empty();
            }
            Quantized found = quantized(call);
            boolean single = isSingle(found.scale()) && found.zero().map(this::isSingle).orElse(true);
            boolean byRow = !single && (((Arg.Int) call.arg(3)).value().asLong() % 2 == 0) != turned;
            return byRow ? Optional.empty() : Optional.of(new Quantized(bytes.get(), found.scale(), found.zero()));
        }

        /** A constant matrix, as it is or turned; under its own name if nothing has to be done to it. */
        private Optional<Arg.Ref> constant(Arg.Ref ref, boolean turned) {
            return ConstantMatrix.find(g::node, ref, turned).map(m -> m.transposed()
                ? g.constant(m.name() + "_t", m.byInput()) : Arg.ref(m.name()));
        }
    }
}
