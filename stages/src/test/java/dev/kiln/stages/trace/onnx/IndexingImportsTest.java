package dev.kiln.stages.trace.onnx;

import static dev.kiln.stages.trace.onnx.TinyModel.dims;
import static dev.kiln.stages.trace.onnx.TinyModel.doubles;
import static dev.kiln.stages.trace.onnx.TinyModel.floats;
import static dev.kiln.stages.trace.onnx.TinyModel.iota;
import static dev.kiln.stages.trace.onnx.TinyModel.longs;
import static dev.kiln.stages.trace.onnx.TinyModel.runNode;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import java.util.List;
import org.junit.jupiter.api.Test;

class IndexingImportsTest {
    @Test
    void gatherOfRowsIsAnEmbedding() {
        ConstantValue result = runNode(13, "Gather", "a b", "y", List.of(), iota(3, 2),
            longs(dims(2, 2), 0, -1, 1, 0)).getFirst();
        assertThat(result.sizes()).containsExactly(2L, 2L, 2L);
        assertThat(doubles(result)).containsExactly(0, 1, 4, 5, 2, 3, 0, 1);
    }

    @Test
    void gatherAlongAnotherAxis() {
        ConstantValue result = runNode(13, "Gather", "a b", "y", List.of("axis", 1), iota(2, 3),
            longs(dims(1, 2), 2, -3)).getFirst();
        assertThat(result.sizes()).containsExactly(2L, 1L, 2L);
        assertThat(doubles(result)).containsExactly(2, 0, 5, 3);
    }

    @Test
    void indicesThatCannotBeNegativeAreTakenAsTheyAre() {
        Graph graph = new TinyModel(13).initializer("table", iota(3, 2)).initializer("which", longs(dims(70)))
            .node("Gather", "table which", "y").output("y").imported();
        assertThat(graph.calls()).extracting(c -> c.op().name()).containsExactly("aten.embedding.default");
    }

    @Test
    void oneConstantIndexSelects() {
        TinyModel model = new TinyModel(13).input("x", DType.F32, 2, 3).initializer("i", longs(dims(), -1))
            .node("Gather", "x i", "y", "axis", 1).output("y");
        assertThat(model.imported().calls()).extracting(c -> c.op().name())
            .containsExactly("aten.select.int");
        assertThat(doubles(model.run(iota(2, 3)).getFirst())).containsExactly(2, 5);
    }

    @Test
    void gatherElementsAndTuples() {
        ConstantValue elements = runNode(13, "GatherElements", "a b", "y", List.of("axis", 1), iota(2, 2),
            longs(dims(2, 2), 0, 0, -1, 0)).getFirst();
        assertThat(doubles(elements)).containsExactly(0, 0, 3, 2);
        ConstantValue tuples = runNode(13, "GatherND", "a b", "y", List.of(), iota(2, 2, 2),
            longs(dims(2, 2), 0, 1, 1, -2)).getFirst();
        assertThat(doubles(tuples)).containsExactly(2, 3, 4, 5);
        ConstantValue batched = runNode(13, "GatherND", "a b", "y", List.of("batch_dims", 1), iota(2, 2, 2),
            longs(dims(2, 1), 1, 0)).getFirst();
        assertThat(doubles(batched)).containsExactly(2, 3, 4, 5);
    }

    /** PyTorch writes the depth of a one_hot without a number of classes as -1. */
    @Test
    void rejectsAOneHotOfUnknownDepth() {
        TinyModel model = new TinyModel(11).input("x", DType.I64, 3).initializer("depth", longs(dims(), -1))
            .initializer("values", floats(dims(2), 0, 1)).node("OneHot", "x depth values", "y").output("y");
        assertThatThrownBy(model::imported).isInstanceOf(KilnException.BadInput.class)
            .hasMessageContaining("depth is -1; export one_hot with a number of classes");
    }

    @Test
    void oneHotMarksPositions() {
        TinyModel model = new TinyModel(11).input("x", DType.I64, 3).initializer("depth", longs(dims(), 3))
            .initializer("values", floats(dims(2), 0, 5)).node("OneHot", "x depth values", "y").output("y");
        assertThat(doubles(model.run(longs(dims(3), 1, -1, 7)).getFirst()))
            .containsExactly(0, 5, 0, 0, 0, 5, 0, 0, 0);
    }
}
