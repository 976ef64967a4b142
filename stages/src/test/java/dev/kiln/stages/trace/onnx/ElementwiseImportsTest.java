package dev.kiln.stages.trace.onnx;

import static dev.kiln.stages.trace.onnx.TinyModel.dims;
import static dev.kiln.stages.trace.onnx.TinyModel.doubles;
import static dev.kiln.stages.trace.onnx.TinyModel.fill;
import static dev.kiln.stages.trace.onnx.TinyModel.floats;
import static dev.kiln.stages.trace.onnx.TinyModel.longs;
import static dev.kiln.stages.trace.onnx.TinyModel.runNode;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Node;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ElementwiseImportsTest {
    private static final double[] X = {-1.5, -0.5, 0, 0.25, 0.5, 2.5};
    private static final double[] Y = {2, -0.75, 3, 1.5, 0.5, -1};

    private static double[] unary(String op, double[] x) {
        return doubles(runNode(13, op, "a", "y", List.of(), floats(dims(x.length), x)).getFirst());
    }

    private static double[] expected(double[] x, DoubleUnaryOperator function) {
        return Arrays.stream(x).map(function).toArray();
    }

    @Test
    void functionsOfOneTensor() {
        Map<String, DoubleUnaryOperator> functions = Map.of("Abs", Math::abs, "Neg", v -> -v, "Floor",
            Math::floor,
            "Ceil", Math::ceil, "Round", Math::rint, "Exp", Math::exp, "Sin", Math::sin, "Tanh", Math::tanh,
            "Sigmoid", v -> 1 / (1 + Math.exp(-v)), "Relu", v -> Math.max(v, 0));
        functions.forEach((op, function) ->
            assertThat(unary(op, X)).as(op).containsExactly(expected(X, function), within(1e-6)));
    }

    @Test
    void functionsOfPositiveValues() {
        double[] positive = {0.25, 1, 2, 9};
        Map<String, DoubleUnaryOperator> functions = Map.of("Sqrt", Math::sqrt, "Log", Math::log,
            "Reciprocal", v -> 1 / v);
        functions.forEach((op, function) ->
            assertThat(unary(op, positive)).as(op).containsExactly(expected(positive, function),
            within(1e-6)));
    }

    @Test
    void arithmeticOfTwoTensorsBroadcasts() {
        Map<String, DoubleBinaryOperator> operators = Map.of("Add", (a, b) -> a + b, "Sub", (a, b) -> a - b,
            "Mul", (a, b) -> a * b, "Div", (a, b) -> a / b, "Max", Math::max, "Min", Math::min);
        double[] column = {2, -4};
        operators.forEach((op, operator) -> {
            ConstantValue result = runNode(13, op, "a b", "y", List.of(), floats(dims(2, 3), X),
                floats(dims(2, 1), column)).getFirst();
            assertThat(doubles(result)).as(op).containsExactly(IntStream.range(0, 6)
                .mapToDouble(i -> operator.applyAsDouble(X[i], column[i / 3])).toArray(), within(1e-6));
        });
    }

    /** A one-element constant becomes a number of the call, on either side. */
    @Test
    void constantsBecomeNumbers() {
        Map<String, DoubleBinaryOperator> operators = Map.of("Add", (a, b) -> a + b, "Sub", (a, b) -> a - b,
            "Mul", (a, b) -> a * b, "Div", (a, b) -> a / b);
        operators.forEach((op, operator) -> {
            for (String order : List.of("x c", "c x")) {
                TinyModel model = new TinyModel(13).input("x", DType.F32, 6)
                    .initializer("c", floats(dims(), 4)).node(op, order, "y").output("y");
                boolean right = order.equals("x c");
                assertThat(doubles(model.run(floats(dims(6), Y)).getFirst())).as(op + " " + order)
                    .containsExactly(
                    expected(Y, v -> right ? operator.applyAsDouble(v, 4) : operator.applyAsDouble(4, v)),
                    within(1e-6));
            }
        });
        Node.Call call = new TinyModel(13).input("x", DType.F32, 6).initializer("c", floats(dims(), 4))
            .node("Sub", "c x", "y").output("y").imported().calls().getFirst();
        assertThat(call.op().name()).isEqualTo("aten.rsub.Scalar");
    }

    @Test
    void integersDivideTowardsZero() {
        ConstantValue result = runNode(14, "Div", "a b", "y", List.of(), longs(dims(4), 7, -7, 7, -7),
            longs(dims(4), 2, 2, -2, -2)).getFirst();
        assertThat(doubles(result)).containsExactly(3, -3, -3, 3);
    }

    @Test
    void modFollowsTheDivisorUnlessFmod() {
        ConstantValue a = longs(dims(4), 7, -7, 7, -7);
        ConstantValue b = longs(dims(4), 3, 3, -3, -3);
        assertThat(doubles(runNode(13, "Mod", "a b", "y", List.of(), a, b).getFirst()))
            .containsExactly(1, 2, -2, -1);
        assertThat(doubles(runNode(13, "Mod", "a b", "y", List.of("fmod", 1), a, b).getFirst()))
            .containsExactly(1, -1, 1, -1);
    }

    @Test
    void powerKeepsTheBasesType() {
        ConstantValue result = runNode(15, "Pow", "a b", "y", List.of(), fill(DType.I32, dims(3), 1, 2, 3),
            floats(dims(3), 4, 5, 6)).getFirst();
        assertThat(result.dtype()).isEqualTo(DType.I32);
        assertThat(doubles(result)).containsExactly(1, 32, 729);
    }

    @Test
    void variadicOpsFoldTheirInputs() {
        ConstantValue a = floats(dims(2), 1, 2);
        ConstantValue b = floats(dims(2), 5, -2);
        ConstantValue c = floats(dims(1), 3);
        assertThat(doubles(runNode(13, "Sum", "a b c", "y", List.of(), a, b, c).getFirst()))
            .containsExactly(9, 3);
        assertThat(doubles(runNode(13, "Mean", "a b c", "y", List.of(), a, b, c).getFirst()))
            .containsExactly(3, 1);
        assertThat(doubles(runNode(13, "Max", "a b c", "y", List.of(), a, b, c).getFirst()))
            .containsExactly(5, 3);
        assertThat(doubles(runNode(13, "Min", "a", "y", List.of(), a).getFirst())).containsExactly(1, 2);
    }

    @Test
    void clipTakesAttributesThenInputs() {
        assertThat(doubles(runNode(10, "Clip", "a", "y", List.of("min", -1f, "max", 0.5f), floats(dims(6), X))
            .getFirst())).containsExactly(-1, -0.5, 0, 0.25, 0.5, 0.5);
        assertThat(doubles(runNode(13, "Clip", "a _ b", "y", List.of(), floats(dims(6), X),
            floats(dims(), 0.25)).getFirst())).containsExactly(-1.5, -0.5, 0, 0.25, 0.25, 0.25);
    }

    @Test
    void whereAndShiftsAndBits() {
        ConstantValue condition = fill(DType.BOOL, dims(2, 1), 1, 0);
        assertThat(doubles(runNode(16, "Where", "a b c", "y", List.of(), condition, floats(dims(2), 1, 2),
            floats(dims(2), 3, 4)).getFirst())).containsExactly(1, 2, 3, 4);
        ConstantValue bits = fill(DType.U8, dims(3), 16, 4, 1);
        ConstantValue by = fill(DType.U8, dims(3), 1, 2, 3);
        assertThat(doubles(runNode(11, "BitShift", "a b", "y", List.of("direction", "LEFT"), bits, by)
            .getFirst())).containsExactly(32, 16, 8);
        assertThat(doubles(runNode(18, "BitwiseOr", "a b", "y", List.of(), bits, by).getFirst()))
            .containsExactly(17, 6, 3);
    }
}
