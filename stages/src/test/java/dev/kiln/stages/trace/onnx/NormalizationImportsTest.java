package dev.kiln.stages.trace.onnx;

import static dev.kiln.stages.trace.onnx.TinyModel.dims;
import static dev.kiln.stages.trace.onnx.TinyModel.doubles;
import static dev.kiln.stages.trace.onnx.TinyModel.floats;
import static dev.kiln.stages.trace.onnx.TinyModel.iota;
import static dev.kiln.stages.trace.onnx.TinyModel.runNode;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kiln.ops.graph.ConstantValue;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class NormalizationImportsTest {
    private static double[] softmax(double... x) {
        double sum = Arrays.stream(x).map(Math::exp).sum();
        return Arrays.stream(x).map(v -> Math.exp(v) / sum).toArray();
    }

    /** From opset 13 on along the axis alone, before over everything from the axis on. */
    @Test
    void softmaxOldAndNew() {
        ConstantValue x = iota(1, 2, 2);
        assertThat(doubles(runNode(13, "Softmax", "a", "y", List.of("axis", 1), x).getFirst()))
            .containsExactly(new double[] {softmax(0, 2)[0], softmax(1, 3)[0], softmax(0, 2)[1],
            softmax(1, 3)[1]},
                within(1e-6));
        assertThat(doubles(runNode(11, "Softmax", "a", "y", List.of(), x).getFirst()))
            .containsExactly(softmax(0, 1, 2, 3), within(1e-6));
        assertThat(doubles(runNode(11, "LogSoftmax", "a", "y", List.of(), x).getFirst()))
            .containsExactly(Arrays.stream(softmax(0, 1, 2, 3)).map(Math::log).toArray(), within(1e-6));
    }

    @Test
    void layerNormGivesItsStatisticsToo() {
        List<ConstantValue> results = runNode(17, "LayerNormalization", "a b c", "y mean inverse", List.of(),
            floats(dims(2, 2), 1, 3, -2, 6), floats(dims(2), 1, 2), floats(dims(2), 10, 20));
        assertThat(doubles(results.get(0))).containsExactly(new double[] {9, 22, 9, 22}, within(1e-4));
        assertThat(doubles(results.get(1))).containsExactly(2, 2);
        assertThat(doubles(results.get(2))).containsExactly(new double[] {1, 0.25}, within(1e-5));
    }

    @Test
    void statisticsOfBatchAndInstance() {
        ConstantValue x = floats(dims(1, 2, 2), 1, 3, 2, 6);
        ConstantValue scale = floats(dims(2), 1, 10);
        ConstantValue bias = floats(dims(2), 0, 1);
        assertThat(doubles(runNode(15, "BatchNormalization", "a b c d e", "y", List.of("epsilon", 0f), x,
            scale, bias, floats(dims(2), 1, 2), floats(dims(2), 4, 16)).getFirst()))
            .containsExactly(new double[] {0, 1, 1, 11}, within(1e-5));
        assertThat(doubles(runNode(7, "InstanceNormalization", "a b c", "y", List.of("epsilon", 1e-9f), x,
            scale, bias).getFirst())).containsExactly(new double[] {-1, 1, -9, 11}, within(1e-4));
    }

    @Test
    void poolsOverEverything() {
        ConstantValue x = iota(1, 2, 2, 2);
        assertThat(doubles(runNode(13, "GlobalAveragePool", "a", "y", List.of(), x).getFirst()))
            .containsExactly(1.5, 5.5);
        assertThat(doubles(runNode(13, "GlobalMaxPool", "a", "y", List.of(), x).getFirst()))
            .containsExactly(3, 7);
    }
}
