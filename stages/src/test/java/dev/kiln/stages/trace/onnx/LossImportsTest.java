package dev.kiln.stages.trace.onnx;

import static dev.kiln.stages.trace.onnx.TinyModel.dims;
import static dev.kiln.stages.trace.onnx.TinyModel.doubles;
import static dev.kiln.stages.trace.onnx.TinyModel.floats;
import static dev.kiln.stages.trace.onnx.TinyModel.longs;
import static dev.kiln.stages.trace.onnx.TinyModel.runNode;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kiln.ops.graph.ConstantValue;
import java.util.List;
import org.junit.jupiter.api.Test;

class LossImportsTest {
    private static final ConstantValue X = floats(dims(3, 2), 1, 2, 3, 4, 5, 6);
    private static final ConstantValue TARGET = longs(dims(3), 0, 1, -5);

    @Test
    void negativeLogLikelihoodWeighsAndIgnores() {
        ConstantValue weights = floats(dims(2), 1, 3);
        assertThat(doubles(runNode(13, "NegativeLogLikelihoodLoss", "a b c", "y",
            List.of("ignore_index", -5, "reduction", "none"), X, TARGET, weights).getFirst()))
            .containsExactly(-1, -12, 0);
        assertThat(doubles(runNode(13, "NegativeLogLikelihoodLoss", "a b c", "y", List.of("ignore_index", -5),
            X, TARGET, weights).getFirst())).containsExactly(-13 / 4.0);
    }

    @Test
    void crossEntropyTakesTheSoftmaxFirst() {
        double low = -Math.log1p(Math.exp(1));
        double high = low + 1;
        List<ConstantValue> results = runNode(13, "SoftmaxCrossEntropyLoss", "a b", "y p",
            List.of("ignore_index", -5, "reduction", "sum"), X, TARGET);
        assertThat(doubles(results.getFirst())).containsExactly(new double[] {-low - high}, within(1e-5));
        assertThat(doubles(results.getLast())).containsExactly(new double[] {low, high, low, high, low, high},
            within(1e-5));
    }
}
