package dev.kiln.bench.gemm;

import dev.kiln.bench.gemm.Problem.Arithmetic;
import dev.kiln.bench.gemm.Problem.Body;
import dev.kiln.bench.gemm.Problem.Peer;
import dev.kiln.ops.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The three products of a linear layer in training: forward and both gradients, of weights that are inputs. */
final class TrainingProblems {
    /** Rows, features in, features out. */
    private static final long[][] LAYERS = {{1024, 256, 256}, {1024, 256, 768}, {1024, 256, 1024}, {1024, 1024, 256},
        {8192, 256, 1000}};

    private TrainingProblems() {
    }

    static List<Problem> all() {
        List<Problem> all = new ArrayList<>();
        for (DType dtype : List.of(DType.F32, DType.BF16)) {
            for (long[] layer : LAYERS) {
                long m = layer[0];
                long k = layer[1];
                long n = layer[2];
                all.add(product("Y = X W^T", dtype, layer, Values.of(dtype, m, k), Values.of(dtype, n, k),
                    (g, x, w, c) -> g.call("aten.mm.default", x, g.call("aten.t.default", w)), "torch.mm(x, torch.t(w))"));
                all.add(product("dX = dY W", dtype, layer, Values.of(dtype, m, n), Values.of(dtype, n, k),
                    (g, x, w, c) -> g.call("aten.mm.default", x, w), "torch.mm(x, w)"));
                all.add(product("dW = dY^T X", dtype, layer, Values.of(dtype, m, n), Values.of(dtype, m, k),
                    (g, x, w, c) -> g.call("aten.mm.default", g.call("aten.t.default", x), w), "torch.mm(torch.t(x), w)"));
            }
        }
        return all;
    }

    private static Problem product(String what, DType dtype, long[] layer, Values x, Values w, Body body, String call) {
        String type = dtype.toString().toLowerCase(Locale.ROOT);
        String name = type + " " + what + ", " + layer[0] + "x" + layer[1] + " -> " + layer[2];
        return new Problem("training-" + type, name, 1, x, w, List.of(), 1, layer[0] * layer[1] * layer[2],
            dtype == DType.F32 ? Arithmetic.F32 : Arithmetic.BF16, body,
            List.of(new Peer.Torch("aten::mm", "x", "torch.clone(w)", call)), true);
    }
}
