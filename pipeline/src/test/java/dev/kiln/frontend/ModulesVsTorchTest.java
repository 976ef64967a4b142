package dev.kiln.frontend;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.nn.BCEWithLogitsLoss;
import dev.kiln.nn.BatchNorm1d;
import dev.kiln.nn.BatchNorm2d;
import dev.kiln.nn.Conv1d;
import dev.kiln.nn.Conv2d;
import dev.kiln.nn.CrossEntropyLoss;
import dev.kiln.nn.Embedding;
import dev.kiln.nn.GELU;
import dev.kiln.nn.GRU;
import dev.kiln.nn.GroupNorm;
import dev.kiln.nn.HuberLoss;
import dev.kiln.nn.L1Loss;
import dev.kiln.nn.LSTM;
import dev.kiln.nn.Layer;
import dev.kiln.nn.LayerNorm;
import dev.kiln.nn.Linear;
import dev.kiln.nn.MSELoss;
import dev.kiln.nn.Module;
import dev.kiln.nn.MultiheadAttention;
import dev.kiln.nn.NLLLoss;
import dev.kiln.nn.RMSNorm;
import dev.kiln.nn.ReLU;
import dev.kiln.nn.Sequential;
import dev.kiln.nn.TransformerEncoderLayer;
import dev.kiln.tensor.Generator;
import dev.kiln.tensor.Tensor;
import dev.kiln.tensor.TensorFunction;
import dev.kiln.tensor.Torch;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Each module, traced and called at once, compared with libtorch's functions on the same weights. */
class ModulesVsTorchTest {
    private final Generator g = new Generator(7);

    /** A module, its function, an input, and what libtorch computes of the input x and the state p[0], p[1], ... */
    private record Case(Module module, TensorFunction function, List<Tensor> inputs, String torch) {
        static Case of(Module module, Tensor input, String torch) {
            return new Case(module, in -> List.of(((Layer) module).forward(in.getFirst())), List.of(input), torch);
        }
    }

    @TestFactory
    Stream<DynamicTest> sameAsLibtorch() {
        Map<String, Case> cases = new LinkedHashMap<>();
        layers(cases);
        sequences(cases);
        losses(cases);
        return cases.entrySet().stream().map(e -> DynamicTest.dynamicTest(e.getKey(), () -> check(e.getValue())));
    }

    private void layers(Map<String, Case> cases) {
        Tensor rows = Torch.randn(1, 3, 4);
        Tensor images = Torch.randn(2, 2, 4, 6, 6);
        cases.put("Linear", Case.of(new Linear(4, 5, g), rows, "torch.linear(x, p[0], p[1])"));
        cases.put("Linear without bias", Case.of(new Linear(4, 5, false, g), rows, "torch.linear(x, p[0])"));
        cases.put("LayerNorm", Case.of(new LayerNorm(4), rows, "torch.layer_norm(x, [4], p[0], p[1])"));
        cases.put("RMSNorm", Case.of(new RMSNorm(4), rows, "torch.rms_norm(x, [4], p[0])"));
        cases.put("GroupNorm", Case.of(new GroupNorm(2, 4), images, "torch.group_norm(x, 2, p[0], p[1])"));
        cases.put("Embedding", Case.of(new Embedding(6, 3, g), Torch.randint(3, 0, 6, 2, 4), "torch.embedding(p[0], x)"));
        cases.put("Conv1d", Case.of(new Conv1d(4, 2, 3, 2, 1, g), Torch.randn(4, 2, 4, 9),
            "torch.conv1d(x, p[0], p[1], [2], [1])"));
        cases.put("Conv2d", Case.of(new Conv2d(4, 6, 3, 1, 1, 1, 2, true, g), images,
            "torch.conv2d(x, p[0], p[1], [1, 1], [1, 1], [1, 1], 2)"));
        cases.put("BatchNorm2d", Case.of(new BatchNorm2d(4), images,
            "torch.batch_norm(x, p[0], p[1], p[2], p[3], True, 0.1, 1e-5, False)"));
        cases.put("BatchNorm1d in evaluation", Case.of(new BatchNorm1d(4).eval(), rows,
            "torch.batch_norm(x, p[0], p[1], p[2], p[3], False, 0.1, 1e-5, False)"));
        cases.put("Sequential", Case.of(new Sequential(new Linear(4, 8, g), new ReLU(), new Linear(8, 2, g), new GELU()),
            rows, "torch.gelu(torch.linear(torch.relu(torch.linear(x, p[0], p[1])), p[2], p[3]))"));
    }

    private void sequences(Map<String, Case> cases) {
        Tensor sequence = Torch.randn(5, 5, 2, 4);
        cases.put("LSTM", Case.of(new LSTM(4, 3, 2, false, 0, true, g), sequence,
            "torch.lstm(x, [torch.zeros([4, 2, 3]), torch.zeros([4, 2, 3])], p, True, 2, 0.0, False, True, False)[0]"));
        cases.put("GRU", Case.of(new GRU(4, 3, 1, true, 0, false, g), sequence,
            "torch.gru(x, torch.zeros([1, 5, 3]), p, True, 1, 0.0, False, False, True)[0]"));
        MultiheadAttention attention = new MultiheadAttention(4, 2, g);
        String encoder = "torch._transformer_encoder_layer_fwd(x, 4, 2, p[0], p[1], p[2], p[3], False, %s, 1e-5, p[8], "
            + "p[9], p[10], p[11], p[4], p[5], p[6], p[7])";
        cases.put("MultiheadAttention", new Case(attention, in -> List.of(attention.forward(in.getFirst(), null, false)),
            List.of(sequence),
            "torch._native_multi_head_attention(x, x, x, 4, 2, p[0], p[1], p[2], p[3], None, False)[0]"));
        cases.put("TransformerEncoderLayer", Case.of(new TransformerEncoderLayer(4, 2, 8, 0.1, g).eval(), sequence,
            encoder.formatted("False")));
        cases.put("TransformerEncoderLayer, norm first", Case.of(new TransformerEncoderLayer(4, 2, 8, 0, Tensor::relu, true,
            g), sequence, encoder.replace("False, %s", "False, True")));
    }

    private void losses(Map<String, Case> cases) {
        Tensor scores = Torch.randn(6, 3, 4);
        Tensor target = Torch.randn(7, 3, 4);
        Tensor classes = Torch.randint(8, 0, 4, 3);
        CrossEntropyLoss entropy = new CrossEntropyLoss();
        NLLLoss likelihood = new NLLLoss();
        MSELoss squares = new MSELoss();
        L1Loss distances = new L1Loss();
        HuberLoss huber = new HuberLoss();
        BCEWithLogitsLoss binary = new BCEWithLogitsLoss();
        cases.put("CrossEntropyLoss", new Case(entropy, in -> List.of(entropy.forward(in.get(0), in.get(1))),
            List.of(scores, classes), "torch.cross_entropy_loss(x, y)"));
        cases.put("NLLLoss", new Case(likelihood, in -> List.of(likelihood.forward(in.get(0), in.get(1))),
            List.of(scores, classes), "torch.nll_loss(x, y)"));
        cases.put("MSELoss", new Case(squares, in -> List.of(squares.forward(in.get(0), in.get(1))),
            List.of(scores, target), "torch.mse_loss(x, y)"));
        cases.put("L1Loss", new Case(distances, in -> List.of(distances.forward(in.get(0), in.get(1))),
            List.of(scores, target), "torch.l1_loss(x, y)"));
        cases.put("HuberLoss", new Case(huber, in -> List.of(huber.forward(in.get(0), in.get(1))),
            List.of(scores, target), "torch.huber_loss(x, y)"));
        cases.put("BCEWithLogitsLoss", new Case(binary, in -> List.of(binary.forward(in.get(0), in.get(1))),
            List.of(scores, target), "torch.binary_cross_entropy_with_logits(x, y)"));
    }

    /** The result and the state after the call, which statistics of the batch change. */
    private static void check(Case c) {
        List<String> state = new ArrayList<>(c.module().state_dict().keySet());
        List<Tensor> values = List.copyOf(c.module().state_dict().values());
        String parameters = state.stream().map(n -> ", s_" + n.replace('.', '_') + ": Tensor").collect(Collectors.joining());
        String list = state.stream().map(n -> "s_" + n.replace('.', '_')).collect(Collectors.joining(", "));
        String second = c.inputs().size() > 1 ? ", y: Tensor" : "";
        String p = state.isEmpty() ? "" : "    p = [" + list + "]\n";
        String text = "def f(x: Tensor" + second + parameters + "):\n" + p + "    r = " + c.torch() + "\n    return [r"
            + (state.isEmpty() ? "" : ", " + list) + "]\n";
        List<dev.kiln.kernels.runtime.Tensor> inputs = Stream.concat(c.inputs().stream(), values.stream())
            .map(Tensor::value).toList();
        List<dev.kiln.kernels.runtime.Tensor> expected = TorchScript.run(text, inputs);
        List<dev.kiln.kernels.runtime.Tensor> before = values.stream().map(v -> v.clone().value()).toList();
        compare(expected, c.function().apply(c.inputs()), values, state);
        for (int i = 0; i < values.size(); i++) {
            values.get(i).value().copyFrom(before.get(i));
        }
        compare(expected, Traced.run(c.function(), c.inputs()), values, state);
    }

    private static void compare(List<dev.kiln.kernels.runtime.Tensor> expected, List<Tensor> results, List<Tensor> state,
            List<String> names) {
        assertThat(Close.difference(expected.getFirst(), results.getFirst().value())).isEmpty();
        for (int i = 0; i < state.size(); i++) {
            if (!names.get(i).endsWith("num_batches_tracked")) {
                assertThat(Close.difference(expected.get(1 + i), state.get(i).value())).as(names.get(i)).isEmpty();
            }
        }
    }
}
