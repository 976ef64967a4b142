package dev.kiln.stages.trace.onnx;

import static dev.kiln.stages.trace.onnx.TinyModel.dims;
import static dev.kiln.stages.trace.onnx.TinyModel.doubles;
import static dev.kiln.stages.trace.onnx.TinyModel.fill;
import static dev.kiln.stages.trace.onnx.TinyModel.floats;
import static dev.kiln.stages.trace.onnx.TinyModel.runNode;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.ConstantValue;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ComparisonImportsTest {
    /** Of 1, 2, 3 with 2. */
    private static final Map<String, double[]> EXPECTED = Map.of("Equal", new double[] {0, 1, 0}, "Less",
        new double[] {1, 0, 0}, "LessOrEqual", new double[] {1, 1, 0}, "Greater", new double[] {0, 0, 1},
        "GreaterOrEqual", new double[] {0, 1, 1});

    @Test
    void comparisonsOfTensorsAndNumbers() {
        ConstantValue x = floats(dims(3), 1, 2, 3);
        EXPECTED.forEach((op, expected) -> {
            ConstantValue result = runNode(16, op, "a b", "y", List.of(), x, floats(dims(3), 2, 2, 2))
                .getFirst();
            assertThat(result.dtype()).isEqualTo(DType.BOOL);
            assertThat(doubles(result)).as(op).containsExactly(expected);
            double[] mirrored = {expected[2], expected[1], expected[0]};
            assertThat(withTwo(op, "x two", x)).as(op).containsExactly(expected);
            assertThat(withTwo(op, "two x", x)).as(op).containsExactly(mirrored);
        });
    }

    private static double[] withTwo(String op, String inputs, ConstantValue x) {
        return doubles(new TinyModel(16).input("x", DType.F32, 3).initializer("two", floats(dims(), 2))
            .node(op, inputs, "y").output("y").run(x).getFirst());
    }

    @Test
    void logic() {
        ConstantValue a = fill(DType.BOOL, dims(4), 0, 0, 1, 1);
        ConstantValue b = fill(DType.BOOL, dims(4), 0, 1, 0, 1);
        assertThat(doubles(runNode(7, "And", "a b", "y", List.of(), a, b).getFirst()))
            .containsExactly(0, 0, 0, 1);
        assertThat(doubles(runNode(7, "Or", "a b", "y", List.of(), a, b).getFirst()))
            .containsExactly(0, 1, 1, 1);
        assertThat(doubles(runNode(7, "Xor", "a b", "y", List.of(), a, b).getFirst()))
            .containsExactly(0, 1, 1, 0);
        assertThat(doubles(runNode(7, "Not", "a", "y", List.of(), a).getFirst())).containsExactly(1, 1, 0, 0);
    }

    @Test
    void testsOfFloatingValues() {
        ConstantValue x = floats(dims(4), 1, Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY);
        assertThat(doubles(runNode(13, "IsNaN", "a", "y", List.of(), x).getFirst()))
            .containsExactly(0, 1, 0, 0);
        assertThat(doubles(runNode(10, "IsInf", "a", "y", List.of(), x).getFirst()))
            .containsExactly(0, 0, 1, 1);
        assertThat(doubles(runNode(10, "IsInf", "a", "y", List.of("detect_negative", 0), x).getFirst()))
            .containsExactly(0, 0, 1, 0);
    }
}
