package dev.kiln.stages.trace.onnx;

import static dev.kiln.stages.trace.onnx.TinyModel.dims;
import static dev.kiln.stages.trace.onnx.TinyModel.doubles;
import static dev.kiln.stages.trace.onnx.TinyModel.floats;
import static dev.kiln.stages.trace.onnx.TinyModel.longs;
import static dev.kiln.stages.trace.onnx.TinyModel.runNode;
import static dev.kiln.stages.trace.onnx.TinyModel.vector;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.ConstantValue;
import java.util.List;
import org.junit.jupiter.api.Test;

class OrderImportsTest {
    private static double[] cumulative(int exclusive, int reverse) {
        TinyModel model = new TinyModel(14).input("x", DType.F32, 2, 3).initializer("axis", longs(dims(), 1))
            .node("CumSum", "x axis", "y", "exclusive", exclusive, "reverse", reverse).output("y");
        return doubles(model.run(floats(dims(2, 3), 1, 2, 3, 4, 5, 6)).getFirst());
    }

    @Test
    void runningSumsInBothDirections() {
        assertThat(cumulative(0, 0)).containsExactly(1, 3, 6, 4, 9, 15);
        assertThat(cumulative(1, 0)).containsExactly(0, 1, 3, 0, 4, 9);
        assertThat(cumulative(0, 1)).containsExactly(6, 5, 3, 15, 11, 6);
        assertThat(cumulative(1, 1)).containsExactly(5, 3, 0, 11, 6, 0);
    }

    @Test
    void largestAndSmallestElements() {
        ConstantValue x = floats(dims(2, 3), 1, 3, 2, 6, 4, 5);
        List<ConstantValue> old = runNode(7, "TopK", "a", "v i", List.of("k", 2), x);
        assertThat(doubles(old.getFirst())).containsExactly(3, 2, 6, 5);
        assertThat(doubles(old.getLast())).containsExactly(1, 2, 0, 2);
        TinyModel model = new TinyModel(11).input("x", DType.F32, 2, 3).initializer("k", vector(1))
            .node("TopK", "x k", "v i", "largest", 0, "axis", 0).output("v", "i");
        assertThat(doubles(model.run(x).getFirst())).containsExactly(1, 3, 2);
    }
}
