package dev.kiln.stages.gemm;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Products of training: both operands are tensors, by rows or by columns, and what follows is computed on tiles. */
final class TensorCases {
    private static final long[][] SIZES = {{16, 64, 64}, {17, 33, 100}, {33, 100, 17}, {100, 257, 33}, {257, 64, 8},
        {64, 15, 257}, {64, 1, 1024}};

    private TensorCases() {
    }

    static List<GemmCase> of(DType dtype) {
        List<GemmCase> cases = new ArrayList<>();
        for (long[] s : SIZES) {
            String sizes = s[0] + "x" + s[1] + "x" + s[2];
            cases.add(GemmCase.of("mm " + sizes, dtype, g -> g.call("mm", g.rows(s[0], s[1]), g.input(s[1], s[2]))));
            cases.add(GemmCase.of("mm transposed " + sizes, dtype,
                g -> g.call("mm", g.rows(s[0], s[1]), g.call("t", g.input(s[2], s[1])))));
            cases.add(GemmCase.of("mm by columns " + sizes, dtype,
                g -> g.call("mm", g.call("t", g.input(s[1], s[0])), g.input(s[1], s[2]))).fixed());
            cases.add(GemmCase.of("mm by columns transposed " + sizes, dtype,
                g -> g.call("mm", g.call("t", g.input(s[1], s[0])), g.call("t", g.input(s[2], s[1])))).fixed());
        }
        addStrided(dtype, cases);
        addEpilogues(dtype, cases);
        return cases;
    }

    /** What is tested with constant weights, with weights that are inputs. */
    static List<GemmCase> all(DType dtype) {
        return Stream.of(ShapeCases.of(dtype), EpilogueCases.of(dtype), OperandCases.of(dtype)).flatMap(List::stream)
            .map(GemmCase::ofTensors).toList();
    }

    private static void addStrided(DType dtype, List<GemmCase> cases) {
        cases.add(GemmCase.of("rows apart, at offsets", dtype,
            g -> g.call("mm", g.strided(List.of(40L, 33L), List.of(71L, 1L), 5),
                g.strided(List.of(33L, 65L), List.of(67L, 1L), 3))).fixed());
        cases.add(GemmCase.of("columns apart, at offsets", dtype,
            g -> g.call("mm", g.strided(List.of(40L, 33L), List.of(1L, 71L), 5),
                g.strided(List.of(33L, 65L), List.of(1L, 67L), 3))).fixed());
        cases.add(GemmCase.of("every third element", dtype,
            g -> g.call("mm", g.strided(List.of(40L, 33L), List.of(160L, 3L), 1),
                g.strided(List.of(33L, 65L), List.of(300L, 4L), 2))).fixed());
        cases.add(GemmCase.of("one row and one column repeated", dtype,
            g -> g.call("mm", g.call("expand", g.input(40, 1), List.of(40, 33)),
                g.call("expand", g.input(1, 65), List.of(33, 65)))).fixed());
        cases.add(GemmCase.of("times its own transpose", dtype, g -> {
            Arg.Ref x = g.input(64, 33);
            return g.call("mm", g.call("t", x), x);
        }).fixed());
    }

    private static void addEpilogues(DType dtype, List<GemmCase> cases) {
        cases.add(GemmCase.of("addmm and gelu", dtype, g -> g.call("gelu", g.call("addmm", g.input(65), g.rows(40, 52),
            g.call("t", g.input(65, 52))))));
        cases.add(GemmCase.of("3-D linear, relu and residual", dtype, g -> g.call("add.Tensor",
            g.call("relu", g.call("linear", g.rows(3, 17, 52), g.input(65, 52), g.input(65))), g.rows(3, 17, 65))));
        cases.add(GemmCase.several("gradients of a linear", dtype, g -> {
            Arg.Ref x = g.input(40, 52);
            Arg.Ref dy = g.input(40, 65);
            Arg.Ref weight = g.weight(65, 52);
            Arg.Ref dx = g.call("mul.Tensor", g.call("mm", dy, weight), g.input(40, 52));
            Arg.Ref dw = g.call("add.Tensor", g.call("mm", g.call("t", dy), x), weight);
            return List.of(dx, dw);
        }).fixed());
    }
}
