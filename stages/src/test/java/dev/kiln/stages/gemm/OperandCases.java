package dev.kiln.stages.gemm;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import java.util.ArrayList;
import java.util.List;

/** Operands that lie in memory in other ways than row by row: transposed, cut out, repeated, tied; and batches. */
final class OperandCases {
    private OperandCases() {
    }

    static List<GemmCase> of(DType dtype) {
        List<GemmCase> cases = new ArrayList<>();
        addInputs(dtype, cases);
        addWeights(dtype, cases);
        addBatches(dtype, cases);
        return cases;
    }

    private static void addInputs(DType dtype, List<GemmCase> cases) {
        cases.add(GemmCase.of("transposed input", dtype, g -> g.linear(g.call("t", g.input(52, 19)), 65, 52, true)).fixed());
        cases.add(GemmCase.of("columns first in memory", dtype,
            g -> g.linear(g.strided(List.of(19L, 52L), List.of(1L, 19L), 0), 65, 52, true)).fixed());
        cases.add(GemmCase.of("rows apart, at an offset", dtype,
            g -> g.linear(g.strided(List.of(19L, 52L), List.of(71L, 1L), 5), 65, 52, true)).fixed());
        cases.add(GemmCase.of("every third element", dtype,
            g -> g.linear(g.strided(List.of(19L, 52L), List.of(160L, 3L), 1), 65, 52, false)).fixed());
        cases.add(GemmCase.of("one row repeated", dtype,
            g -> g.linear(g.call("expand", g.input(1, 52), List.of(19, 52)), 65, 52, true)).fixed());
        cases.add(GemmCase.of("one column repeated", dtype,
            g -> g.linear(g.call("expand", g.input(19, 1), List.of(19, 52)), 65, 52, true)).fixed());
        cases.add(GemmCase.of("cut out of a larger input", dtype, g -> g.linear(g.call("slice.Tensor",
            g.call("slice.Tensor", g.rows(23, 60), 0, 2, 21), 1, 3, 55), 65, 52, true)).fixed());
        cases.add(GemmCase.of("permuted in three dimensions", dtype,
            g -> g.linear(g.call("permute", g.input(4, 52, 7), List.of(2, 0, 1)), 33, 52, true)).fixed());
        cases.add(GemmCase.of("computed on the way", dtype,
            g -> g.linear(g.call("gelu", g.call("add.Tensor", g.rows(19, 52), g.constant(52))), 65, 52, true)));
    }

    private static void addWeights(DType dtype, List<GemmCase> cases) {
        cases.add(GemmCase.of("weight as it is", dtype, g -> g.call("mm", g.rows(19, 52), g.weight(52, 65))));
        cases.add(GemmCase.of("weight transposed", dtype, g -> g.call("mm", g.rows(19, 52), g.call("t", g.weight(65, 52)))));
        cases.add(GemmCase.of("bias scaled", dtype, g -> g.call("addmm", g.constant(65), g.rows(19, 52), g.weight(52, 65),
            0.5, 2.0)));
        cases.add(GemmCase.of("weight cut out at an offset", dtype, g -> g.call("linear", g.rows(19, 52),
            g.call("slice.Tensor", g.weight(80, 52), 0, 9, 74))));
        cases.add(GemmCase.of("weight with columns left out", dtype, g -> g.call("linear", g.rows(19, 52),
            g.call("slice.Tensor", g.weight(65, 60), 1, 4, 56))));
        cases.add(GemmCase.of("weight of a stack", dtype, g -> g.call("linear", g.rows(19, 52),
            g.call("select.int", g.weight(3, 65, 52), 0, 2))));
        cases.add(GemmCase.several("weight that is an embedding too", dtype, g -> {
            Arg.Ref table = g.weight(40, 52);
            Arg.Ref x = g.call("embedding", table, g.indices(40, 19));
            return List.of(g.call("linear", g.call("relu", x), table), x);
        }).fixed());
        cases.add(GemmCase.several("one weight, two products", dtype, g -> {
            Arg.Ref w = g.weight(52, 52);
            Arg.Ref x = g.rows(19, 52);
            return List.of(g.call("linear", g.call("linear", x, w), w), g.call("mm", x, w));
        }));
        cases.add(GemmCase.of("both inputs", dtype, g -> g.call("mm", g.rows(19, 52), g.input(52, 65))));
        cases.add(GemmCase.of("times its own transpose", dtype, g -> {
            Arg.Ref x = g.rows(19, 52);
            return g.call("mul.Scalar", g.call("mm", x, g.call("t", x)), 0.1);
        }));
        cases.add(GemmCase.of("times itself", dtype, g -> {
            Arg.Ref x = g.input(21, 21);
            return g.call("mul.Scalar", g.call("mm", x, x), 0.1);
        }).fixed());
    }

    private static void addBatches(DType dtype, List<GemmCase> cases) {
        for (long batch : new long[] {1, 5}) {
            for (long n : new long[] {3, 64, 65}) {
                cases.add(GemmCase.of(batch + " batches to " + n, dtype,
                    g -> scaled(g, g.call("bmm", g.rows(batch, 17, 32), g.input(batch, 32, n)))).fixed());
                cases.add(GemmCase.of(batch + " batches with constant weights to " + n, dtype,
                    g -> scaled(g, g.call("bmm", g.rows(batch, 17, 32), g.constant(batch, 32, n)))).fixed());
            }
        }
        cases.add(GemmCase.of("transposed weights", dtype, g -> scaled(g, g.call("bmm", g.input(3, 16, 32),
            g.call("transpose.int", g.constant(3, 33, 32), 1, 2)))).fixed());
        cases.add(GemmCase.of("times their transposes", dtype, g -> {
            Arg.Ref x = g.rows(5, 17, 32);
            return scaled(g, g.call("bmm", x, g.call("transpose.int", x, 1, 2)));
        }));
        cases.add(GemmCase.of("times themselves", dtype, g -> {
            Arg.Ref x = g.rows(5, 17, 17);
            return scaled(g, g.call("bmm", x, x));
        }));
        cases.add(GemmCase.of("one left side for all", dtype, g -> scaled(g, g.call("bmm",
            g.call("expand", g.input(1, 17, 32), List.of(4, 17, 32)), g.input(4, 32, 33)))).fixed());
        cases.add(GemmCase.of("weights of a larger stack", dtype, g -> scaled(g, g.call("bmm", g.input(2, 17, 32),
            g.call("slice.Tensor", g.constant(5, 32, 65), 0, 2, 4)))).fixed());
        cases.add(GemmCase.of("right side at an offset", dtype, g -> scaled(g, g.call("bmm", g.input(2, 17, 32),
            g.strided(List.of(2L, 32L, 33L), List.of(2000L, 50L, 1L), 7)))).fixed());
        for (String op : List.of("add", "sub", "mul", "div")) {
            cases.add(GemmCase.of("batches, relu and " + op, dtype, g -> g.call(op + ".Tensor", g.call("relu",
                scaled(g, g.call("bmm", g.input(5, 38, 32), g.constant(5, 32, 65)))),
                op.equals("mul") || op.equals("div") ? g.factor(5, 38, 65) : g.input(5, 38, 65))).fixed());
        }
        cases.add(GemmCase.of("four dimensions", dtype, g -> scaled(g, g.call("matmul", g.rows(2, 3, 17, 32),
            g.call("transpose.int", g.input(2, 3, 19, 32), 2, 3)))).fixed());
    }

   
    private static Arg.Ref scaled(GemmNet g, Arg.Ref product) {
        return g.call("mul.Scalar", product, 0.1875);
    }
}
