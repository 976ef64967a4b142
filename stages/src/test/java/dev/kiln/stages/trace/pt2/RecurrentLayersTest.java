package dev.kiln.stages.trace.pt2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Recurrent layers of one unit, against the formulas in PyTorch's documentation. */
class RecurrentLayersTest {
    private static final float[] W = {0.5f, -1, 2, 0.25f};
    private static final float[] R = {1, 0.5f, -0.5f, 2};

    @TempDir
    private static Path folder;

    /** One layer over an input [steps, 1, 1] without biases; states are inputs [1, 1, 1]. */
    private static TinyProgram layer(String op, int gates, long layers, boolean lstm) {
        TinyProgram program = new TinyProgram().storage("w", java.util.Arrays.copyOf(W, gates))
            .storage("r", java.util.Arrays.copyOf(R, gates)).parameter("w", "w", gates, 1).parameter("r", "r", gates, 1)
            .input("x", "s0", 1, 1).input("h", 1, 1, 1).input("c", 1, 1, 1);
        String names = "{'name':'y'}},{'as_tensor':{'name':'yh'}}" + (lstm ? ",{'as_tensor':{'name':'yc'}}" : "");
        return program.call("torch.ops.aten." + op + ".input", "[{'as_tensor':" + names + "]", "input", "%x", "hx",
            lstm ? "{'as_tensors':[{'name':'h'},{'name':'c'}]}" : "%h", "params",
            "{'as_tensors':[{'name':'p_w'},{'name':'p_r'}]}", "has_biases", "{'as_bool':false}", "num_layers",
            "{'as_int':" + layers + "}", "dropout", "{'as_float':0.0}", "train", "{'as_bool':false}", "bidirectional",
            "{'as_bool':false}", "batch_first", "{'as_bool':false}").output("y").output("yh");
    }

    private static final Map<String, ConstantValue> INPUTS = Map.of("x", Pt2Files.tensor(List.of(2L, 1L, 1L), 1, -2),
        "h", Pt2Files.tensor(List.of(1L, 1L, 1L), 0.5f), "c", Pt2Files.tensor(List.of(1L, 1L, 1L), -1));

    private static void check(TinyProgram program, double... expected) {
        Graph graph = Pt2Files.load(folder, program);
        List<Double> y = Pt2Files.run(graph, "y", INPUTS);
        for (int t = 0; t < expected.length; t++) {
            assertThat(y.get(t)).isCloseTo(expected[t], Offset.offset(1e-6));
        }
        assertThat(Pt2Files.run(graph, "yh", INPUTS)).containsExactly(y.getLast());
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    /** Gates i f g o. */
    @Test
    void runsLstms() {
        double h = 0.5;
        double c = -1;
        double[] expected = new double[2];
        for (int t = 0; t < 2; t++) {
            double x = t == 0 ? 1 : -2;
            c = sigmoid(W[1] * x + R[1] * h) * c + sigmoid(W[0] * x + R[0] * h) * Math.tanh(W[2] * x + R[2] * h);
            h = sigmoid(W[3] * x + R[3] * h) * Math.tanh(c);
            expected[t] = h;
        }
        check(layer("lstm", 4, 1, true), expected);
    }

    /** Gates r z n. */
    @Test
    void runsGrus() {
        double h = 0.5;
        double[] expected = new double[2];
        for (int t = 0; t < 2; t++) {
            double x = t == 0 ? 1 : -2;
            double z = sigmoid(W[1] * x + R[1] * h);
            h = (1 - z) * Math.tanh(W[2] * x + sigmoid(W[0] * x + R[0] * h) * (R[2] * h)) + z * h;
            expected[t] = h;
        }
        check(layer("gru", 3, 1, false), expected);
    }

    @Test
    void runsPlainLayers() {
        double h = Math.tanh(0.5 + 0.5);
        check(layer("rnn_tanh", 1, 1, false), h, Math.tanh(-1 + h));
        check(layer("rnn_relu", 1, 1, false), 1, 0);
    }
}
