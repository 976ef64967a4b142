package dev.kiln.stages.trace.onnx;

import static dev.kiln.stages.trace.onnx.TinyModel.dims;
import static dev.kiln.stages.trace.onnx.TinyModel.doubles;
import static dev.kiln.stages.trace.onnx.TinyModel.floats;
import static dev.kiln.stages.trace.onnx.TinyModel.runNode;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

class ActivationImportsTest {
    private static final double[] X = {-4, -1.25, -0.25, 0, 0.5, 1.5, 5};

    private static void check(String op, DoubleUnaryOperator function, Object... attributes) {
        double[] result = doubles(runNode(20, op, "a", "y", List.of(attributes), floats(dims(X.length), X))
            .getFirst());
        assertThat(result).as(op).containsExactly(Arrays.stream(X).map(function).toArray(), within(1e-5));
    }

    @Test
    void withTheirDefaults() {
        check("LeakyRelu", x -> x > 0 ? x : 0.01 * x);
        check("Elu", x -> x > 0 ? x : Math.expm1(x));
        check("Selu", x -> 1.05070102214813232 * (x > 0 ? x : 1.67326319217681884 * Math.expm1(x)));
        check("HardSigmoid", x -> Math.max(0, Math.min(1, 0.2 * x + 0.5)));
        check("HardSwish", x -> x * Math.max(0, Math.min(1, x / 6 + 0.5)));
        check("Softplus", x -> Math.log1p(Math.exp(x)));
        check("Softsign", x -> x / (1 + Math.abs(x)));
        check("Mish", x -> x * Math.tanh(Math.log1p(Math.exp(x))));
        check("ThresholdedRelu", x -> x > 1 ? x : 0);
        check("Shrink", x -> Math.abs(x) > 0.5 ? x : 0);
    }

    @Test
    void withTheirAttributes() {
        check("LeakyRelu", x -> x > 0 ? x : 0.25 * x, "alpha", 0.25f);
        check("Celu", x -> x > 0 ? x : 2 * Math.expm1(x / 2), "alpha", 2f);
        check("HardSigmoid", x -> Math.max(0, Math.min(1, 0.5 * x + 0.25)), "alpha", 0.5f, "beta", 0.25f);
        check("Shrink", x -> x < -1 ? x + 1.5 : x > 1 ? x - 1.5 : 0, "lambd", 1f, "bias", 1.5f);
        check("Gelu", x -> x / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))),
            "approximate", "tanh");
    }

    @Test
    void slopeOfPReluBroadcasts() {
        double[] result = doubles(runNode(16, "PRelu", "a b", "y", List.of(),
            floats(dims(2, 2), -1, 2, -3, -4), floats(dims(2), 0.5, 10)).getFirst());
        assertThat(result).containsExactly(-0.5, 2, -1.5, -40);
    }
}
