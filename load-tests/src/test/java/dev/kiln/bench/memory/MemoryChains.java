package dev.kiln.bench.memory;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.GraphBuilder;
import java.util.List;

/** The computations of the benchmark: 64 MB in or out, unless their kind asks for less. */
final class MemoryChains {
    private static final long[] IMAGES = {32, 128, 64, 64};
    private static final long[] SQUARE = {4096, 4096};

    private MemoryChains() {
    }

    static List<MemoryChain> all() {
        return List.of(
            MemoryChain.of("pointwise10", "torch.mul(x0, 1.5, out=y).add_(0.25).relu_().mul_(x0).sub_(0.5).abs_()"
                + ".mul_(2.0).add_(x0).neg_().clamp_(-3.0)", MemoryChains::tenOps, SQUARE),
            MemoryChain.of("gated10", "torch.mul(x0, 1.5, out=y).add_(0.25).sigmoid_().mul_(x0).sub_(0.5).tanh_()"
                + ".relu_().mul_(2.0).add_(x0).abs_()", MemoryChains::tenGatedOps, SQUARE),
            MemoryChain.of("softmax1024", "torch._softmax(x0, 1, False, out=y)",
                (g, x) -> g.call("aten._softmax.default", x.get(0), 1, false), shape(16384, 1024)),
            MemoryChain.of("layer_norm768", "torch.native_layer_norm(x0, [768], x1, x2, 1e-05, out0=y, out1=torch.empty([0]), out2=torch.empty([0]))",
                (g, x) -> g.call("aten.native_layer_norm.default", x.get(0), List.of(768), x.get(1), x.get(2), 1e-5),
                shape(21504, 768), shape(768), shape(768)),
            MemoryChain.of("add", "torch.add(x0, x1, out=y)",
                (g, x) -> g.call("aten.add.Tensor", x.get(0), x.get(1)), SQUARE, SQUARE),
            MemoryChain.of("transpose_add", "torch.add(x0, x1.t(), out=y)",
                (g, x) -> g.call("aten.add.Tensor", x.get(0), g.call("aten.t.default", x.get(1))), SQUARE, SQUARE),
            MemoryChain.of("nhwc_to_nchw_add", "torch.add(x0, x1.permute([0, 3, 1, 2]), out=y)",
                (g, x) -> g.call("aten.add.Tensor", x.get(0),
                    g.call("aten.permute.default", x.get(1), List.of(0, 3, 1, 2))), IMAGES, shape(32, 64, 64, 128)),
            MemoryChain.of("nchw_to_nhwc_add", "torch.add(x0, x1.permute([0, 2, 3, 1]), out=y)",
                (g, x) -> g.call("aten.add.Tensor", x.get(0),
                    g.call("aten.permute.default", x.get(1), List.of(0, 2, 3, 1))), shape(32, 64, 64, 128), IMAGES),
            MemoryChain.of("transpose_copy", "y.copy_(x0.t())",
                (g, x) -> g.call("aten.clone.default", g.call("aten.t.default", x.get(0))), SQUARE),
            MemoryChain.of("sum_all", "torch.sum(x0, [0, 1], out=y)",
                (g, x) -> g.call("aten.sum.dim_IntList", x.get(0), List.of(0, 1)), SQUARE),
            MemoryChain.of("amax_all", "torch.amax(x0, [0, 1], out=y)",
                (g, x) -> g.call("aten.amax.default", x.get(0), List.of(0, 1)), SQUARE),
            MemoryChain.of("sum_leading", "torch.sum(x0, [0], out=y)",
                (g, x) -> g.call("aten.sum.dim_IntList", x.get(0), List.of(0)), shape(16384, 1024)),
            MemoryChain.of("amax_leading", "torch.amax(x0, [0], out=y)",
                (g, x) -> g.call("aten.amax.default", x.get(0), List.of(0)), shape(16384, 1024)),
            MemoryChain.of("sum_middle", "torch.sum(x0, [1], out=y)",
                (g, x) -> g.call("aten.sum.dim_IntList", x.get(0), List.of(1)), shape(64, 512, 512)),
            MemoryChain.of("mean_images", "torch.mean(x0, [2, 3], out=y)",
                (g, x) -> g.call("aten.mean.dim", x.get(0), List.of(2, 3)), IMAGES),
            MemoryChain.of("batch_statistics", "torch.sum(x0, [0, 2, 3], out=y)",
                (g, x) -> g.call("aten.sum.dim_IntList", x.get(0), List.of(0, 2, 3)), IMAGES),
            MemoryChain.of("amax_rows", "torch.amax(x0, [1], out=y)",
                (g, x) -> g.call("aten.amax.default", x.get(0), List.of(1)), shape(16384, 1024)),
            MemoryChain.of("argmax_rows", "torch.argmax(x0, 1, out=y)",
                (g, x) -> g.call("aten.argmax.default", x.get(0), 1), shape(16384, 1024)),
            MemoryChain.of("argmax_channels", "torch.argmax(x0, 1, out=y)",
                (g, x) -> g.call("aten.argmax.default", x.get(0), 1), shape(16, 32, 256, 128)),
            MemoryChain.of("bias_add", "torch.add(x0, x1, out=y)",
                (g, x) -> g.call("aten.add.Tensor", x.get(0), x.get(1)), shape(16384, 1024), shape(1024)),
            MemoryChain.of("channel_scale", "torch.mul(x0, x1, out=y)",
                (g, x) -> g.call("aten.mul.Tensor", x.get(0), x.get(1)), IMAGES, shape(128, 1, 1)),
            MemoryChain.of("window_max", "torch.amax(x0.view(16, 32, 64, 3, 192, 3), [3, 5], out=y)",
                (g, x) -> g.call("aten.amax.default", g.call("aten.view.default", x.get(0),
                    List.of(16, 32, 64, 3, 192, 3)), List.of(3, 5)), shape(16, 32, 192, 576)),
            MemoryChain.of("row_window_sum", "torch.sum(x0.view(1024, 3, 5460), [1], out=y)",
                (g, x) -> g.call("aten.sum.dim_IntList", g.call("aten.view.default", x.get(0),
                    List.of(1024, 3, 5460)), List.of(1)), shape(3072, 5460)));
    }

    private static Arg.Ref tenOps(GraphBuilder g, List<Arg.Ref> in) {
        Arg.Ref x = in.getFirst();
        Arg.Ref part = g.call("aten.relu.default", affine(g, x));
        Arg.Ref distance = g.call("aten.abs.default", g.call("aten.sub.Scalar", g.call("aten.mul.Tensor", part, x), 0.5));
        Arg.Ref sum = g.call("aten.add.Tensor", g.call("aten.mul.Scalar", distance, 2.0), x);
        return g.call("aten.clamp.default", g.call("aten.neg.default", sum), -3.0);
    }

    private static Arg.Ref tenGatedOps(GraphBuilder g, List<Arg.Ref> in) {
        Arg.Ref x = in.getFirst();
        Arg.Ref gated = g.call("aten.mul.Tensor", g.call("aten.sigmoid.default", affine(g, x)), x);
        Arg.Ref bounded = g.call("aten.relu.default", g.call("aten.tanh.default",
            g.call("aten.sub.Scalar", gated, 0.5)));
        return g.call("aten.abs.default", g.call("aten.add.Tensor", g.call("aten.mul.Scalar", bounded, 2.0), x));
    }

    private static Arg.Ref affine(GraphBuilder g, Arg.Ref x) {
        return g.call("aten.add.Scalar", g.call("aten.mul.Scalar", x, 1.5), 0.25);
    }

    private static long[] shape(long... sizes) {
        return sizes;
    }
}
