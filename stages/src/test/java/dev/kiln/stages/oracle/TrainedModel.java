package dev.kiln.stages.oracle;

import dev.kiln.ops.DType;
import dev.kiln.ops.decompose.Emit;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/** Models as PyTorch's modules would trace them, with random parameters; their first output is the loss. */
final class TrainedModel {
    private final DType dtype;
    private final GraphBuilder g = new GraphBuilder(new ShapeEnv());
    private final Emit e = new Emit(g);
    private final Random random = new Random(7);
    private final Map<String, ConstantValue> inputs = new LinkedHashMap<>();
    private final Set<String> parameters = new LinkedHashSet<>();

    private TrainedModel(DType dtype) {
        this.dtype = dtype;
    }

    Graph graph() {
        return g.build();
    }

    Map<String, ConstantValue> inputs() {
        return inputs;
    }

    Set<String> parameters() {
        return parameters;
    }

    static List<String> names() {
        return List.of("mlp", "cnn", "lstm", "gpt");
    }

    static TrainedModel of(String name, DType dtype) {
        TrainedModel m = new TrainedModel(dtype);
        m.g.output("loss", switch (name) {
            case "mlp" -> m.mlp();
            case "cnn" -> m.cnn();
            case "lstm" -> m.lstm();
            case "gpt" -> m.gpt();
            default -> throw new IllegalArgumentException(name);
        });
        m.later.forEach((n, value) -> m.g.output(n, value));
        return m;
    }

    private final Map<String, Arg.Ref> later = new LinkedHashMap<>();

    private Arg.Ref data(String name, double scale, double shift, long... sizes) {
        List<Long> shape = Arrays.stream(sizes).boxed().toList();
        ConstantValue value = ConstantValue.allocate(dtype, shape);
        for (long i = 0; i < value.numel(); i++) {
            value.set(i, random.nextGaussian() * scale + shift);
        }
        inputs.put(name, value);
        return g.placeholder(name, FakeTensor.contiguous(dtype, shape.stream().map(SymInt::of).toList()));
    }

    private Arg.Ref parameter(String name, long... sizes) {
        parameters.add(name);
        double scale = sizes.length == 1 ? 0.3 : 1 / Math.sqrt(Arrays.stream(sizes).skip(1).reduce(1, (a, b) -> a * b));
        return data(name, scale, 0, sizes);
    }

    private Arg.Ref scale(String name, long size) {
        parameters.add(name);
        return data(name, 0.2, 1, size);
    }

    private Arg.Ref classes(String name, int count, long... sizes) {
        List<Long> shape = Arrays.stream(sizes).boxed().toList();
        ConstantValue value = ConstantValue.allocate(DType.I64, shape);
        for (long i = 0; i < value.numel(); i++) {
            value.set(i, random.nextInt(count));
        }
        inputs.put(name, value);
        return g.placeholder(name, FakeTensor.contiguous(DType.I64, shape.stream().map(SymInt::of).toList()));
    }

    private Arg.Ref linear(String name, Arg.Ref x, long in, long out) {
        return e.call("linear.default", x, parameter(name + "_weight", out, in), parameter(name + "_bias", out));
    }

    private Arg.Ref entropy(Arg.Ref logits, Arg.Ref target) {
        later.put("logits", logits);
        return e.call("cross_entropy_loss.default", logits, target);
    }

    private Arg.Ref mlp() {
        Arg.Ref x = data("x", 1, 0, 6, 16);
        Arg.Ref hidden = e.unary("relu", linear("fc1", x, 16, 32));
        return entropy(linear("fc3", e.unary("silu", linear("fc2", hidden, 32, 24)), 24, 10), classes("y", 10, 6));
    }

    private Arg.Ref convolved(String name, Arg.Ref x, long in, long out, long stride) {
        Arg.Ref y = e.call("convolution.default", x, parameter(name + "_weight", out, in, 3, 3), null,
            Arg.ints(stride, stride), Arg.ints(1, 1), Arg.ints(1, 1), false, Arg.ints(0, 0), 1);
        Arg.Ref normal = e.call("_native_batch_norm_legit_functional.default", y, scale(name + "_scale", out),
            parameter(name + "_shift", out), data(name + "_mean", 0.1, 0, out), data(name + "_var", 0.01, 1, out), true,
            0.1, 1e-5);
        later.put(name + "_mean", new Arg.Ref(normal.node(), 3));
        later.put(name + "_var", new Arg.Ref(normal.node(), 4));
        return e.unary("relu", normal);
    }

    private Arg.Ref cnn() {
        Arg.Ref x = data("x", 1, 0, 3, 3, 10, 10);
        Arg.Ref pooled = e.call("max_pool2d.default", convolved("conv1", x, 3, 8, 1), Arg.ints(2, 2), Arg.ints(2, 2),
            Arg.ints(0, 0), Arg.ints(1, 1), false);
        Arg.Ref y = convolved("conv2", pooled, 8, 12, 2);
        Arg.Ref flat = e.call("view.default", e.call("adaptive_avg_pool2d.default", y, Arg.ints(1, 1)), Arg.ints(3, 12));
        return entropy(linear("fc", flat, 12, 5), classes("y", 5, 3));
    }

    private Arg.Ref lstm() {
        Arg.Ref x = data("x", 1, 0, 3, 5, 4);
        List<Arg.Ref> states = List.of(data("h0", 1, 0, 2, 3, 6), data("c0", 1, 0, 2, 3, 6));
        List<Arg.Ref> weights = new java.util.ArrayList<>();
        for (int layer = 0; layer < 2; layer++) {
            weights.add(parameter("w_ih" + layer, 24, layer == 0 ? 4 : 6));
            weights.add(parameter("w_hh" + layer, 24, 6));
            weights.add(parameter("b_ih" + layer, 24));
            weights.add(parameter("b_hh" + layer, 24));
        }
        Arg.Ref all = e.call("lstm.input", x, states, weights, true, 2, 0.0, true, false, true);
        Arg.Ref last = e.call("select.int", all, 1, 4);
        later.put("cell", new Arg.Ref(all.node(), 2));
        return e.call("mse_loss.default", linear("fc", last, 6, 2), data("y", 1, 0, 3, 2));
    }

    private Arg.Ref normal(String name, Arg.Ref x, long width) {
        return e.call("layer_norm.default", x, Arg.ints(width), scale(name + "_weight", width), parameter(name + "_bias", width));
    }

    private Arg.Ref attended(Arg.Ref x, long batch, long length, long heads, long width) {
        Arg.Ref all = linear("qkv", x, width, 3 * width);
        List<Arg.Ref> parts = java.util.stream.IntStream.range(0, 3).mapToObj(i -> {
            Arg.Ref part = e.slice(all, 2, SymInt.of(i * width), SymInt.of((i + 1) * width));
            return e.call("transpose.int", e.call("view.default", part, Arg.ints(batch, length, heads, width / heads)), 1, 2);
        }).toList();
        Arg.Ref result = e.call("scaled_dot_product_attention.default", parts.get(0), parts.get(1), parts.get(2), null,
            0.0, true);
        Arg.Ref joined = e.call("reshape.default", e.call("transpose.int", result, 1, 2), Arg.ints(batch, length, width));
        return linear("proj", joined, width, width);
    }

    /** One block between embeddings and logits; the table of tokens is the output's weight as well. */
    private Arg.Ref gpt() {
        long batch = 2;
        long length = 7;
        long width = 16;
        Arg.Ref table = parameter("wte", 11, width);
        Arg.Ref x = e.add(e.call("embedding.default", table, classes("tokens", 11, batch, length)),
            e.call("embedding.default", parameter("wpe", length, width), e.call("arange.start_step", 0, length, 1)));
        x = e.add(x, attended(normal("ln1", x, width), batch, length, 2, width));
        Arg.Ref wide = e.call("gelu.default", linear("fc", normal("ln2", x, width), width, 4 * width), "tanh");
        x = normal("ln3", e.add(x, linear("out", wide, 4 * width, width)), width);
        Arg.Ref logits = e.call("view.default", e.call("linear.default", x, table), Arg.ints(batch * length, 11));
        return entropy(logits, classes("targets", 11, batch * length));
    }
}
