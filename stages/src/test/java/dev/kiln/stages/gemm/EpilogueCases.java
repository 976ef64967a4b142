package dev.kiln.stages.gemm;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;

/** What is computed on the tiles of a product before they are stored. */
final class EpilogueCases {
    private static final long M = 19;
    private static final long K = 52;
    private static final long[] COLUMNS = {64, 65};

    private EpilogueCases() {
    }

    static List<GemmCase> of(DType dtype) {
        List<GemmCase> cases = new ArrayList<>();
        addPointwiseOps(dtype, cases);
        addViews(dtype, cases);
        addReindexedOps(dtype, cases);
        addSeveralUsers(dtype, cases);
        if (dtype == DType.F32) {
            addCasts(cases);
        }
        return cases;
    }

    private interface Unary extends BiFunction<GemmNet, Arg.Ref, Arg.Ref> {
    }

    private static Map<String, Unary> unaries() {
        Map<String, Unary> all = new LinkedHashMap<>();
        for (String op : List.of("relu", "gelu", "silu", "sigmoid", "tanh", "hardswish", "hardsigmoid", "leaky_relu",
                "hardtanh")) {
            all.put(op, (g, x) -> g.call(op, x));
        }
        all.put("gelu with tanh", (g, x) -> g.call("gelu", x, "tanh"));
        return all;
    }

    private static Arg.Ref binary(GemmNet g, String op, Arg.Ref x, long... sizes) {
        return g.call(op + ".Tensor", x, op.equals("mul") || op.equals("div") ? g.factor(sizes) : g.input(sizes));
    }

    private static void addPointwiseOps(DType dtype, List<GemmCase> cases) {
        for (long n : COLUMNS) {
            boolean bias = n == COLUMNS[0];
            unaries().forEach((name, unary) -> cases.add(GemmCase.of(name + " to " + n, dtype,
                g -> unary.apply(g, g.linear(g.rows(M, K), n, K, bias)))));
            for (String op : List.of("add", "sub", "mul", "div")) {
                cases.add(GemmCase.of(op + " to " + n, dtype,
                    g -> binary(g, op, g.linear(g.rows(M, K), n, K, !bias), M, n)).fixed());
                cases.add(GemmCase.of("relu, then " + op + " to " + n, dtype,
                    g -> binary(g, op, g.call("relu", g.linear(g.rows(M, K), n, K, bias)), M, n)).fixed());
            }
            cases.add(GemmCase.of("residual of open rows to " + n, dtype,
                g -> g.call("add.Tensor", g.linear(g.rows(M, K), n, K, true), g.rows(M, n))));
            cases.add(GemmCase.of("one column, one row to " + n, dtype, g -> binary(g, "mul",
                binary(g, "add", g.linear(g.rows(M, K), n, K, true), n), M, 1)).fixed());
        }
        cases.add(GemmCase.of("3-D binary", dtype, g -> binary(g, "add", g.linear(g.rows(2, M, K), 48, K, true), 2, M, 48))
            .fixed());
        cases.add(GemmCase.of("square and its sum", dtype, g -> {
            Arg.Ref y = g.linear(g.rows(M, K), 65, K, true);
            return g.call("sum.dim_IntList", g.call("mul.Tensor", y, y), List.of(1));
        }));
    }

    private static void addViews(DType dtype, List<GemmCase> cases) {
        for (long n : new long[] {128, 129}) {
            for (String op : List.of("none", "relu", "add", "mul")) {
                cases.add(GemmCase.of("transposed " + op + " to " + n, dtype, g -> {
                    Arg.Ref y = g.linear(g.rows(M, K), n, K, true);
                    Arg.Ref z = op.equals("none") ? y : op.equals("relu") ? g.call(op, y) : binary(g, op, y, M, n);
                    return g.call("add.Tensor", g.call("t", z), g.input(n, M));
                }).fixed());
            }
        }
        cases.add(GemmCase.of("permuted to channels first", dtype, g -> {
            Arg.Ref y = g.linear(g.rows(1, 6, 7, 16), 32, 16, true);
            Arg.Ref z = g.call("permute", y, List.of(0, 3, 1, 2));
            return g.call("mul.Tensor", g.call("add.Tensor", z, g.input(1, 32, 6, 7)), g.factor(32, 1, 1));
        }).fixed());
        cases.add(GemmCase.of("reshaped and permuted in six dimensions", dtype, g -> g.call("clone", g.call("permute",
            g.call("view", g.linear(g.rows(8, K), 512, K, true), List.of(2, 4, 8, 2, 4, 8)),
            List.of(0, 1, 3, 2, 4, 5)))).fixed());
        cases.add(GemmCase.of("the same with a power behind", dtype, g -> g.call("pow.Tensor_Scalar", g.call("permute",
            g.call("view", g.linear(g.rows(8, K), 512, K, true), List.of(2, 4, 8, 2, 4, 8)),
            List.of(0, 1, 3, 2, 4, 5)), 2)).fixed());
        for (long width : new long[] {8, 24, 48}) {
            cases.add(GemmCase.of("rows of " + width, dtype, g -> g.call("relu", g.call("view",
                g.linear(g.rows(16, K), 129, K, true), List.of(-1, width)))).fixed());
        }
    }

   
    private static void addReindexedOps(DType dtype, List<GemmCase> cases) {
        cases.add(GemmCase.of("normalised channels and hardswish", dtype, g -> {
            Arg.Ref y = g.call("view", g.linear(g.rows(4, 14, 32), 64, 32, true), List.of(56, 64));
            Arg.Ref z = g.call("mul.Tensor", g.call("sub.Tensor", y, g.constant(64)), g.factor(64));
            return g.call("hardswish", g.call("view", g.call("add.Tensor", z, g.constant(64)), List.of(4, 14, 64)));
        }).fixed());
        cases.add(GemmCase.of("rows of an embedding", dtype, g -> {
            Arg.Ref table = g.constant(23, 48);
            Arg.Ref y = g.linear(g.rows(M, K), 48, K, true);
            return g.call("add.Tensor", y, g.call("embedding", table, g.indices(23, M)));
        }).fixed());
        cases.add(GemmCase.of("embedded input and two tables", dtype, g -> {
            Arg.Ref x = g.call("add.Tensor", g.call("embedding", g.constant(29, 32), g.indices(29, 2, 16)),
                g.call("embedding", g.constant(16, 32), g.indices(16, 16)));
            return g.call("add.Tensor", g.linear(x, 64, 32, true), g.constant(64));
        }).fixed());
        cases.add(GemmCase.of("added to its input", dtype, g -> {
            Arg.Ref x = g.rows(2, 37, 64);
            Arg.Ref y = g.call("add.Tensor", x, g.linear(x, 64, 64, true));
            return g.call("add.Tensor", y, g.linear(g.call("relu", y), 64, 64, true));
        }));
    }

    private static void addCasts(List<GemmCase> cases) {
        for (DType to : List.of(DType.F16, DType.BF16)) {
            cases.add(GemmCase.of("f32 rounded to " + to, DType.F32,
                g -> g.call("_to_copy", g.linear(g.rows(2, 128), 65, 128, true), to)));
            cases.add(GemmCase.of(to + " widened to f32", to,
                g -> g.call("_to_copy", g.linear(g.rows(5, 128), 64, 128, true), DType.F32)));
        }
    }

    private static void addSeveralUsers(DType dtype, List<GemmCase> cases) {
        cases.add(GemmCase.several("product and its relu", dtype, g -> {
            Arg.Ref y = g.linear(g.rows(M, K), 65, K, true);
            return List.of(y, g.call("relu", y), g.call("t", y));
        }));
        cases.add(GemmCase.several("product that two products read", dtype, g -> {
            Arg.Ref y = g.call("gelu", g.linear(g.rows(M, K), 65, K, true));
            return List.of(g.linear(y, 33, 65, false), g.linear(y, 17, 65, true));
        }));
        cases.add(GemmCase.several("three products of one input", dtype, g -> {
            Arg.Ref x = g.rows(M, K);
            return List.of(g.linear(x, 32, K, true), g.linear(x, 32, K, true), g.linear(x, 20, K, false));
        }));
        cases.add(GemmCase.several("gated by another product", dtype, g -> {
            Arg.Ref x = g.rows(16, K);
            return List.of(g.call("mul.Tensor", g.call("silu", g.linear(x, 32, K, false)), g.linear(x, 32, K, false)));
        }));
        cases.add(GemmCase.several("split, bounded and raised", dtype, g -> {
            Arg.Ref x = g.linear(g.call("relu", g.linear(g.rows(M, 3), 48, 3, true)), 48, 48, true);
            Arg.Ref y = g.linear(x, 2, 48, true);
            return List.of(g.call("tanh", g.call("slice.Tensor", y, 1, 0, 1)),
                g.call("exp", g.call("slice.Tensor", y, 1, 1, 2)));
        }));
    }
}
