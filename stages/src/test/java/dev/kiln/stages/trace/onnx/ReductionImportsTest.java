package dev.kiln.stages.trace.onnx;

import static dev.kiln.stages.trace.onnx.TinyModel.dims;
import static dev.kiln.stages.trace.onnx.TinyModel.doubles;
import static dev.kiln.stages.trace.onnx.TinyModel.fill;
import static dev.kiln.stages.trace.onnx.TinyModel.floats;
import static dev.kiln.stages.trace.onnx.TinyModel.runNode;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.ConstantValue;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ReductionImportsTest {
    private static final ConstantValue X = floats(dims(2, 3), 1, 2, 3, 4, 5, 6);
    private static final Map<String, double[]> OVER_ROWS = Map.of("ReduceSum", new double[] {6, 15},
        "ReduceMean",
        new double[] {2, 5}, "ReduceMax", new double[] {3, 6}, "ReduceMin", new double[] {1, 4}, "ReduceProd",
        new double[] {6, 120}, "ReduceL1", new double[] {6, 15}, "ReduceL2",
        new double[] {Math.sqrt(14), Math.sqrt(77)}, "ReduceSumSquare", new double[] {14, 77}, "ReduceLogSum",
        new double[] {Math.log(6), Math.log(15)});

    @Test
    void axesAsAttribute() {
        OVER_ROWS.forEach((op, expected) -> {
            ConstantValue kept = runNode(11, op, "a", "y", List.of("axes", new long[] {-1}), X).getFirst();
            assertThat(kept.sizes()).as(op).containsExactly(2L, 1L);
            assertThat(doubles(kept)).as(op).containsExactly(expected, within(1e-5));
        });
    }

    @Test
    void axesAsInput() {
        OVER_ROWS.forEach((op, expected) -> {
            TinyModel model = new TinyModel(18).input("x", DType.F32, 2, 3)
                .initializer("axes", TinyModel.vector(1)).node(op, "x axes", "y", "keepdims", 0).output("y");
            ConstantValue result = model.run(X).getFirst();
            assertThat(result.sizes()).as(op).containsExactly(2L);
            assertThat(doubles(result)).as(op).containsExactly(expected, within(1e-5));
        });
    }

    @Test
    void noAxesMeansAllOrNone() {
        assertThat(doubles(runNode(13, "ReduceSum", "a", "y", List.of("keepdims", 0), X).getFirst()))
            .containsExactly(21);
        assertThat(doubles(runNode(13, "ReduceSum", "a", "y", List.of("noop_with_empty_axes", 1), X)
            .getFirst())).containsExactly(1, 2, 3, 4, 5, 6);
    }

    @Test
    void integersStayIntegers() {
        ConstantValue x = fill(DType.I32, dims(4), 3, -1, 4, 1);
        ConstantValue sum = runNode(13, "ReduceSum", "a", "y", List.of(), x).getFirst();
        assertThat(sum.dtype()).isEqualTo(DType.I32);
        assertThat(doubles(sum)).containsExactly(7);
    }

    @Test
    void positionOfTheLargest() {
        ConstantValue x = floats(dims(2, 3), 5, 1, 5, 0, 2, 2);
        assertThat(doubles(runNode(13, "ArgMax", "a", "y", List.of("axis", 1), x).getFirst()))
            .containsExactly(0, 1);
        assertThat(doubles(runNode(13, "ArgMax", "a", "y", List.of("axis", 1, "select_last_index", 1), x)
            .getFirst())).containsExactly(2, 2);
        assertThat(doubles(runNode(13, "ArgMin", "a", "y", List.of("axis", 0, "keepdims", 0), x).getFirst()))
            .containsExactly(1, 0, 1);
    }
}
