package dev.kiln.stages.trace.onnx;

import static dev.kiln.stages.trace.onnx.TinyModel.doubles;
import static dev.kiln.stages.trace.onnx.TinyModel.iota;
import static dev.kiln.stages.trace.onnx.TinyModel.runNode;
import static dev.kiln.stages.trace.onnx.TinyModel.vector;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReshapeImportsTest {
    private static ConstantValue withConstant(String op, ConstantValue x, ConstantValue constant,
        Object... attributes) {
        return new TinyModel(18).input("x", x.dtype(), x.sizes().toArray()).initializer("c", constant)
            .node(op, "x c", "y", attributes).output("y").run(x).getFirst();
    }

    @Test
    void reshapeCopiesZerosAndInfersMinusOne() {
        assertThat(withConstant("Reshape", iota(2, 3, 4), vector(0, -1)).sizes()).containsExactly(2L, 12L);
        assertThat(withConstant("Reshape", iota(2, 0), vector(0, 3), "allowzero", 1).sizes())
            .containsExactly(0L, 3L);
    }

    @Test
    void flattenSplitsAtTheAxis() {
        assertThat(runNode(13, "Flatten", "a", "y", List.of(), iota(2, 3, 4)).getFirst().sizes())
            .containsExactly(2L, 12L);
        assertThat(runNode(13, "Flatten", "a", "y", List.of("axis", 0), iota(2, 3)).getFirst().sizes())
            .containsExactly(1L, 6L);
        assertThat(runNode(13, "Flatten", "a", "y", List.of("axis", -1), iota(2, 3)).getFirst().sizes())
            .containsExactly(2L, 3L);
    }

    @Test
    void squeezeAndUnsqueezeTakeAttributesThenInputs() {
        ConstantValue x = iota(1, 3, 1);
        assertThat(runNode(11, "Squeeze", "a", "y", List.of(), x).getFirst().sizes()).containsExactly(3L);
        assertThat(runNode(11, "Squeeze", "a", "y", List.of("axes", new long[] {-1}), x).getFirst().sizes())
            .containsExactly(1L, 3L);
        assertThat(withConstant("Squeeze", x, vector(0)).sizes()).containsExactly(3L, 1L);
        assertThat(runNode(11, "Unsqueeze", "a", "y", List.of("axes", new long[] {3, 0}), iota(2, 3))
            .getFirst().sizes()).containsExactly(1L, 2L, 3L, 1L);
        assertThat(withConstant("Unsqueeze", iota(2, 3), vector(-2)).sizes()).containsExactly(2L, 1L, 3L);
    }

    @Test
    void expandBroadcastsBothWays() {
        ConstantValue result = withConstant("Expand", iota(3, 1), vector(2, 1, 2));
        assertThat(result.sizes()).containsExactly(2L, 3L, 2L);
        assertThat(doubles(result)).containsExactly(0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2, 2);
    }

    @Test
    void tileRepeats() {
        ConstantValue result = withConstant("Tile", iota(2, 2), vector(2, 2));
        assertThat(result.sizes()).containsExactly(4L, 4L);
        assertThat(doubles(result)).containsExactly(0, 1, 0, 1, 2, 3, 2, 3, 0, 1, 0, 1, 2, 3, 2, 3);
    }

    @Test
    void shapeAndSizeAreKnownWithoutNodes() {
        TinyModel model = new TinyModel(15).input("x", DType.F32, 2, 3, 4)
            .node("Shape", "x", "s", "start", 1, "end", -1).node("Size", "x", "n").output("s", "n");
        assertThat(model.imported().calls()).isEmpty();
        List<ConstantValue> results = model.run(iota(2, 3, 4));
        assertThat(doubles(results.getFirst())).containsExactly(3);
        assertThat(doubles(results.getLast())).containsExactly(24);
        assertThat(results.getLast().sizes()).isEmpty();
    }

    @Test
    void blocksMoveBetweenDepthAndSpace() {
        ConstantValue deep = iota(1, 4, 1, 2);
        ConstantValue wide = runNode(13, "DepthToSpace", "a", "y", List.of("blocksize", 2), deep).getFirst();
        assertThat(wide.sizes()).containsExactly(1L, 1L, 2L, 4L);
        assertThat(doubles(wide)).containsExactly(0, 2, 1, 3, 4, 6, 5, 7);
        assertThat(doubles(runNode(13, "SpaceToDepth", "a", "y", List.of("blocksize", 2), wide).getFirst()))
            .containsExactly(doubles(deep));
    }

    @Test
    void squeezingADynamicDimensionGuardsIt() {
        Graph graph = new TinyModel(11).input("x", DType.F32, "n", 3).node("Squeeze", "x", "y", "axes",
            new long[] {0}).output("y").imported(dev.kiln.stages.trace.TraceOptions.NONE.withHint("x", 1, 3));
        assertThat(graph.shapes().guards()).hasToString("[s0 == 1]");
        assertThat(graph.tensor(graph.outputs().getFirst().value()).sizes()).hasToString("[3]");
    }
}
