package dev.kiln.bench;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;

/** The forward graphs whose partitions are compared with functorch's ({@code functorch_saved_bytes.py} has the same). */
final class PartitionModels {
    private final GraphBuilder g = new GraphBuilder(new ShapeEnv());
    private int inputs;

    private PartitionModels() {
    }

    /** Forward graphs by name; all their inputs want gradients, and the output gets one. */
    static Map<String, Graph> all() {
        Map<String, Function<PartitionModels, Arg.Ref>> models = new LinkedHashMap<>();
        models.put("layer_norm_mlp", m -> m.layerNormMlp(m.leaf(512, 256)));
        models.put("attention", m -> m.attention(m.leaf(4, 8, 128, 64), m.leaf(4, 8, 128, 64), m.leaf(4, 8, 128, 64)));
        models.put("sin_cos", PartitionModels::sinCos);
        models.put("gpt_block", PartitionModels::gptBlock);
        models.put("conv_bn_relu", PartitionModels::convBnRelu);
        models.put("lstm_step", PartitionModels::lstmStep);
        models.put("swiglu_mlp", PartitionModels::swigluMlp);
        models.put("rms_norm", PartitionModels::rmsNorm);
        Map<String, Graph> graphs = new LinkedHashMap<>();
        models.forEach((name, model) -> {
            PartitionModels m = new PartitionModels();
            m.g.output("y", model.apply(m));
            graphs.put(name, m.g.build());
        });
        return graphs;
    }

    private Arg.Ref leaf(long... sizes) {
        return g.placeholder("p" + inputs++, FakeTensor.contiguous(DType.F32, sizes));
    }

    private Arg.Ref call(String op, Object... args) {
        return g.call("aten." + op, args);
    }

    private Arg.Ref linear(Arg.Ref x, long out, boolean bias) {
        long in = g.tensor(x).sizes().getLast().asLong();
        Arg.Ref weight = leaf(out, in);
        return call("linear.default", x, weight, bias ? leaf(out) : null);
    }

    private Arg.Ref layerNorm(Arg.Ref x) {
        Arg.Ref weight = leaf(256);
        return call("native_layer_norm.default", x, List.of(256), weight, leaf(256), 1e-5);
    }

    private Arg.Ref layerNormMlp(Arg.Ref x) {
        return linear(call("gelu.default", linear(layerNorm(x), 1024, true)), 256, true);
    }

    private Arg.Ref attention(Arg.Ref q, Arg.Ref k, Arg.Ref v) {
        Arg.Ref scores = call("mul.Scalar", call("matmul.default", q, call("transpose.int", k, -2, -1)), 0.125);
        return call("matmul.default", call("softmax.int", scores, -1), v);
    }

    private Arg.Ref sinCos() {
        Arg.Ref x = leaf(1 << 20);
        for (int i = 0; i < 4; i++) {
            x = call("cos.default", call("sin.default", x));
        }
        return x;
    }

    private Arg.Ref gptBlock() {
        Arg.Ref x = leaf(2, 128, 256);
        Arg.Ref projected = linear(layerNorm(x), 768, true);
        List<Arg.Ref> heads = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            Arg.Ref part = call("slice.Tensor", projected, 2, 256 * i, 256 * (i + 1));
            heads.add(call("transpose.int", call("view.default", part, List.of(2, 128, 8, 32)), 1, 2));
        }
        Arg.Ref joined = call("reshape.default",
            call("transpose.int", attention(heads.get(0), heads.get(1), heads.get(2)), 1, 2), List.of(2, 128, 256));
        Arg.Ref h = call("add.Tensor", x, linear(joined, 256, true));
        return call("add.Tensor", h, layerNormMlp(h));
    }

    private Arg.Ref convBnRelu() {
        Arg.Ref x = leaf(4, 16, 32, 32);
        Arg.Ref image = call("convolution.default", x, leaf(32, 16, 3, 3), null, List.of(1, 1), List.of(1, 1),
            List.of(1, 1), false, List.of(0, 0), 1);
        Arg.Ref weight = leaf(32);
        return call("relu.default", call("native_batch_norm.default", image, weight, leaf(32), null, null, true, 0.1,
            1e-5));
    }

    private Arg.Ref lstmStep() {
        Arg.Ref x = leaf(64, 96);
        Arg.Ref h = leaf(64, 128);
        Arg.Ref c = leaf(64, 128);
        Arg.Ref gates = call("add.Tensor", linear(x, 512, true), linear(h, 512, false));
        List<Arg.Ref> parts = IntStream.range(0, 4)
            .mapToObj(i -> call("slice.Tensor", gates, 1, SymInt.of(128 * i), SymInt.of(128 * (i + 1)))).toList();
        Arg.Ref kept = call("mul.Tensor", call("sigmoid.default", parts.get(1)), c);
        Arg.Ref fresh = call("mul.Tensor", call("sigmoid.default", parts.get(0)), call("tanh.default", parts.get(2)));
        Arg.Ref cell = call("add.Tensor", kept, fresh);
        return call("mul.Tensor", call("sigmoid.default", parts.get(3)), call("tanh.default", cell));
    }

    private Arg.Ref swigluMlp() {
        Arg.Ref x = leaf(256, 256);
        Arg.Ref gate = call("silu.default", linear(x, 688, false));
        return linear(call("mul.Tensor", gate, linear(x, 688, false)), 256, false);
    }

    private Arg.Ref rmsNorm() {
        Arg.Ref x = leaf(512, 256);
        Arg.Ref mean = call("mean.dim", call("mul.Tensor", x, x), List.of(-1), true);
        Arg.Ref scaled = call("mul.Tensor", x, call("rsqrt.default", call("add.Scalar", mean, 1e-6)));
        return call("mul.Tensor", scaled, leaf(256));
    }
}
