package dev.kiln.stages.trace.onnx;

import static dev.kiln.stages.trace.onnx.TinyModel.doubles;
import static dev.kiln.stages.trace.onnx.TinyModel.floats;
import static dev.kiln.stages.trace.onnx.TinyModel.dims;
import static dev.kiln.stages.trace.onnx.TinyModel.iota;
import static dev.kiln.stages.trace.onnx.TinyModel.runNode;
import static dev.kiln.stages.trace.onnx.TinyModel.vector;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import java.util.List;
import org.junit.jupiter.api.Test;

class LayoutImportsTest {
    private static ConstantValue slice(ConstantValue x, long[] starts, long[] ends, long[] axes,
        long[] steps) {
        return new TinyModel(13).input("x", x.dtype(), x.sizes().toArray())
            .initializer("starts", vector(starts))
            .initializer("ends", vector(ends)).initializer("axes", vector(axes))
            .initializer("steps", vector(steps))
            .node("Slice", "x starts ends axes steps", "y").output("y").run(x).getFirst();
    }

    private static ConstantValue pad(ConstantValue x, String mode, long... pads) {
        return new TinyModel(18).input("x", x.dtype(), x.sizes().toArray()).initializer("pads", vector(pads))
            .node("Pad", "x pads", "y", "mode", mode).output("y").run(x).getFirst();
    }

    @Test
    void transposeReversesByDefault() {
        ConstantValue result = runNode(13, "Transpose", "a", "y", List.of(), iota(2, 3)).getFirst();
        assertThat(result.sizes()).containsExactly(3L, 2L);
        assertThat(doubles(result)).containsExactly(0, 3, 1, 4, 2, 5);
        assertThat(runNode(13, "Transpose", "a", "y", List.of("perm", new long[] {1, 0, 2}), iota(2, 3, 4))
            .getFirst().sizes()).containsExactly(3L, 2L, 4L);
    }

    @Test
    void concatJoins() {
        assertThat(doubles(runNode(13, "Concat", "a b", "y", List.of("axis", -1), iota(2, 1), iota(2, 2))
            .getFirst())).containsExactly(0, 0, 1, 1, 2, 3);
    }

    @Test
    void sliceClampsAndSteps() {
        ConstantValue x = iota(2, 6);
        assertThat(doubles(slice(x, dims(1), dims(Long.MAX_VALUE), dims(1), dims(2))))
            .containsExactly(1, 3, 5, 7, 9, 11);
        assertThat(doubles(slice(x, dims(-1, -3), dims(100, -1), dims(0, 1), dims(1, 1))))
            .containsExactly(9, 10);
        assertThat(slice(x, dims(5), dims(2), dims(1), dims(1)).sizes()).containsExactly(2L, 0L);
    }

    @Test
    void negativeStepsGoBackwards() {
        ConstantValue x = iota(6);
        assertThat(doubles(slice(x, dims(-1), dims(Long.MIN_VALUE), dims(0), dims(-1))))
            .containsExactly(5, 4, 3, 2, 1, 0);
        assertThat(doubles(slice(x, dims(4), dims(0), dims(0), dims(-2)))).containsExactly(4, 2);
        assertThat(doubles(slice(x, dims(100), dims(-7), dims(0), dims(-3)))).containsExactly(5, 2);
    }

    @Test
    void sliceTakesAttributesBeforeOpset10() {
        ConstantValue result = runNode(9, "Slice", "a", "y", List.of("starts", dims(1), "ends", dims(3)),
            iota(4)).getFirst();
        assertThat(doubles(result)).containsExactly(1, 2);
    }

    @Test
    void splitEvenlyOrBySizes() {
        List<ConstantValue> even = runNode(18, "Split", "a", "y z", List.of("num_outputs", 2), iota(5));
        assertThat(even).extracting(ConstantValue::sizes).containsExactly(List.of(3L), List.of(2L));
        List<ConstantValue> sized = runNode(11, "Split", "a", "y z", List.of("axis", 1, "split", dims(1, 2)),
            iota(2, 3));
        assertThat(doubles(sized.getFirst())).containsExactly(0, 3);
        assertThat(doubles(sized.getLast())).containsExactly(1, 2, 4, 5);
    }

    @Test
    void padFillsAndCrops() {
        assertThat(doubles(pad(iota(2, 2), "constant", 0, 1, 1, 0))).containsExactly(0, 0, 1, 0, 2, 3, 0, 0,
            0);
        assertThat(doubles(pad(iota(4), "constant", -1, 1))).containsExactly(1, 2, 3, 0);
        assertThat(doubles(runNode(7, "Pad", "a", "y", List.of("pads", dims(0, 1), "value", 9f), iota(2))
            .getFirst())).containsExactly(0, 1, 9);
    }

    @Test
    void padRepeatsItsOwnElements() {
        assertThat(doubles(pad(iota(3), "reflect", 2, 1))).containsExactly(2, 1, 0, 1, 2, 1);
        assertThat(doubles(pad(iota(3), "edge", 2, 1))).containsExactly(0, 0, 0, 1, 2, 2);
        assertThat(doubles(pad(iota(3), "wrap", 2, 1))).containsExactly(1, 2, 0, 1, 2, 0);
    }

    /** The end of the slice is a size: the graph stays general. */
    @Test
    void sliceBySymbolicBounds() {
        TinyModel model = new TinyModel(13).input("x", DType.F32, 16).input("y", DType.F32, "n")
            .node("Shape", "y", "end")
            .initializer("start", vector(0)).node("Slice", "x start end", "z").output("z");
        Graph graph = model.imported();
        assertThat(graph.tensor(graph.outputs().getFirst().value())).hasToString("f32[s0]");
        assertThat(graph.shapes().guards()).hasToString("[s0 <= 16]");
        assertThat(doubles(model.run(iota(16), floats(dims(3), 0)).getFirst())).containsExactly(0, 1, 2);
    }
}
