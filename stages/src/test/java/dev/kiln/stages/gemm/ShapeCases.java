package dev.kiln.stages.gemm;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import java.util.ArrayList;
import java.util.List;

/** Linears of any sizes: one row, odd numbers of columns, one column, depths that no step divides; 2-D and 3-D. */
final class ShapeCases {
    private ShapeCases() {
    }

    static List<GemmCase> of(DType dtype) {
        List<GemmCase> cases = new ArrayList<>();
        for (long m : new long[] {1, 2, 17}) {
            for (long k : new long[] {1, 67, 196}) {
                for (long n : new long[] {1, 65}) {
                    cases.add(linear(dtype, m, n, k, (m + k + n) % 2 == 0));
                }
            }
        }
        cases.add(GemmCase.of("3-D linear", dtype, g -> g.linear(g.rows(2, 9, 67), 33, 67, true)));
        cases.add(GemmCase.of("vector", dtype, g -> g.call("linear", g.input(67), g.weight(33, 67))).fixed());
        return cases;
    }

    static List<GemmCase> large(DType dtype) {
        List<GemmCase> cases = new ArrayList<>();
        for (long m : new long[] {1, 3, 17, 1000}) {
            for (long k : new long[] {1, 196, 1000}) {
                for (long n : new long[] {1, 65, 385, 1024, 1025}) {
                    cases.add(linear(dtype, m, n, k, true));
                    cases.add(linear(dtype, m, n, k, false));
                }
            }
        }
        return cases;
    }

    private static GemmCase linear(DType dtype, long m, long n, long k, boolean bias) {
        return GemmCase.of("linear " + m + "x" + k + " to " + n + (bias ? " with bias" : ""), dtype, g -> {
            Arg.Ref x = g.rows(m, k);
            return g.linear(x, n, k, bias);
        });
    }
}
