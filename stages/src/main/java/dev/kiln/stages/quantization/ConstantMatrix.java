package dev.kiln.stages.quantization;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Node;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * A constant that a product reads as a matrix [K, N].
 *
 * @param name of the constant in the graph
 * @param transposed whether it lies as [N, K]
 */
public record ConstantMatrix(String name, ConstantValue value, boolean transposed) {

    /** The constant behind a reference to a matrix, seen through transpositions. */
    public static Optional<ConstantMatrix> find(Function<Arg.Ref, Node> nodes, Arg.Ref ref, boolean transposed) {
        return switch (nodes.apply(ref)) {
            case Node.Constant c when c.value().sizes().size() == 2 ->
                Optional.of(new ConstantMatrix(c.name(), c.value(), transposed));
            case Node.Call call when isTransposition(call) -> find(nodes, (Arg.Ref) call.arg(0), !transposed);
            default -> Optional.empty();
        };
    }

    /** Whether the call exchanges the two dimensions of a matrix. */
    public static boolean isTransposition(Node.Call call) {
        if (call.outputs().getFirst().rank() != 2) {
            return false;
        }
        return switch (call.op().name()) {
            case "aten.t.default" -> true;
            case "aten.transpose.int" -> isEven(call.arg(1)) != isEven(call.arg(2));
            case "aten.permute.default" -> !isEven(new Arg.Int(((Arg.Ints) call.arg(1)).values().getFirst()));
            default -> false;
        };
    }

    private static boolean isEven(Arg dimension) {
        return ((Arg.Int) dimension).value().asLong() % 2 == 0;
    }

    public long k() {
        return value.sizes().get(transposed ? 1 : 0);
    }

    public long n() {
        return value.sizes().get(transposed ? 0 : 1);
    }

    /** Laid out [K, N]. */
    public ConstantValue byInput() {
        return transposed ? Transposition.of(value) : value;
    }

    /** Laid out [N, K]. */
    public ConstantValue byOutput() {
        return transposed ? value : Transposition.of(value);
    }

    @Override
    public String toString() {
        return name + " " + List.of(k(), n());
    }
}
