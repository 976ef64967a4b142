package dev.kiln.stages.postgrad;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.interpreter.Interpreter;
import dev.kiln.ops.schema.OpKind;
import dev.kiln.stages.pass.GraphRewriter;
import dev.kiln.stages.pass.Pass;
import dev.kiln.stages.pass.PassContext;
import dev.kiln.stages.quantization.ConstantMatrix;
import dev.kiln.stages.quantization.Float8Widening;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Runs calls whose inputs are all constants, unless the result would be much larger than they are. */
final class FoldConstants implements Pass {
    /** Elements; above this, only results that are no larger than their inputs are folded. */
    private static final long ALWAYS = 1 << 14;
    /** Elements; the interpreter is not the place for more arithmetic than this. */
    private static final long NEVER = 1 << 22;

    @Override
    public Graph run(Graph graph, PassContext context) {
        return GraphRewriter.rewrite(graph, FoldConstants::fold);
    }

    private static Optional<List<Arg.Ref>> fold(GraphBuilder builder, Node.Call call) {
        Optional<Arg.Ref> widened = widened(builder, call);
        return widened.isPresent() ? widened.map(List::of) : evaluated(builder, call);
    }

    /** A constant matrix of floats of 8 bits in bf16, however large it is; one that is seen transposed stays so. */
    private static Optional<Arg.Ref> widened(GraphBuilder builder, Node.Call call) {
        if (!call.is("aten._to_copy.default") || call.output(0).dtype() != DType.BF16
                || !builder.tensor((Arg.Ref) call.arg(0)).dtype().isFloat8()) {
            return Optional.empty();
        }
        return ConstantMatrix.find(builder::node, (Arg.Ref) call.arg(0), false).map(matrix -> {
            Arg.Ref constant = builder.constant(matrix.name() + "_bf16", Float8Widening.of(matrix.value()));
            return matrix.transposed() ? builder.call("aten.t.default", constant) : constant;
        });
    }

    private static Optional<List<Arg.Ref>> evaluated(GraphBuilder builder, Node.Call call) {
        List<ConstantValue> inputs = new ArrayList<>();
        for (Arg.Ref ref : call.inputs()) {
            Optional<ConstantValue> known = value(builder, ref);
            if (known.isEmpty()) {
                return Optional.empty();
            }
            inputs.add(known.get());
        }
        if (call.op().kind() == OpKind.FACTORY || !worthwhile(call, inputs)) {
            return Optional.empty();
        }
        List<Arg.Ref> results = new ArrayList<>();
        for (ConstantValue value : Interpreter.evaluate(call, inputs)) {
            results.add(builder.constant(call.name() + "_folded", value));
        }
        return Optional.of(results);
    }

    /** A constant's value, or what a factory makes: that is only written out where something is computed from it. */
    private static Optional<ConstantValue> value(GraphBuilder builder, Arg.Ref ref) {
        return switch (builder.node(ref)) {
            case Node.Constant constant -> Optional.of(constant.value());
            case Node.Call call when call.op().kind() == OpKind.FACTORY && call.inputs().isEmpty()
                && worthwhile(call, List.of()) -> Optional.of(Interpreter.evaluate(call, List.of()).getFirst());
            default -> Optional.empty();
        };
    }

    private static boolean worthwhile(Node.Call call, List<ConstantValue> inputs) {
        long before = inputs.stream().mapToLong(ConstantValue::numel).sum();
        long after = 0;
        for (var output : call.outputs()) {
            SymInt numel = output.numel();
            if (!numel.isConstant()) {
                return false;
            }
            after += numel.asLong();
        }
        boolean symbolic = call.args().stream().anyMatch(FoldConstants::isSymbolic);
        return !symbolic && after <= NEVER && (after <= ALWAYS || after <= before);
    }

    private static boolean isSymbolic(Arg arg) {
        return switch (arg) {
            case Arg.Int(SymInt value) -> !value.isConstant();
            case Arg.Ints(List<SymInt> values) -> values.stream().anyMatch(v -> !v.isConstant());
            default -> false;
        };
    }
}
