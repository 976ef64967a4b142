package dev.kiln.stages.codegen;

import dev.kiln.ops.DType;
import dev.kiln.stages.lowering.LoopNode;

/** A linear by plain loops with exact or double sums: the result that autotune candidates must agree with, in some rows. */
final class ReferenceGemm {
    private ReferenceGemm() {
    }

    /**
     * Defines {@code KERNEL} over the unpacked weight; its arguments are call, a, lda, b, the parameters of groups, m and
     * the epilogue's context.
     */
    static String render(LoopNode.Linear node, DType input, DType weight, DType scales) {
        boolean exact = !node.output().dtype().isFloating();
        String sum = exact ? "int64_t" : "double";
        return """
            static void KERNEL(const kiln_call* call, const %3$s* a, int64_t lda, const %4$s* b, const void* parameters,
                int64_t m, void* ctx) {
              const %5$s* pairs = (const %5$s*)parameters;
              (void)call; (void)pairs;
              for (int64_t i = 0; i < m; i++) {
                if (!kiln_is_checked(i, m)) continue;
                for (int64_t j0 = 0; j0 < %1$d; j0 += 64) {
                  const int64_t cols = kiln_imin(64, %1$d - j0);
                  %6$s sum[64] = {0};
                  %7$s acc[64];
                  for (int64_t s = 0; s < %2$d; s++)
                    for (int64_t j = 0; j < cols; j++) sum[j] += (%6$s)(%8$s) * (%9$s);
                  for (int64_t j = 0; j < cols; j++) acc[j] = (%7$s)sum[j];
                  KERNEL_epilogue(ctx, acc, 64, i, j0, 1, cols);
                }
              }
            }
            """.formatted(node.n(), node.k(), CTypes.stored(input), CTypes.stored(weight), CTypes.stored(scales), sum,
            CTypes.stored(node.output().dtype()), CTypes.loaded("a[i * lda + s]", input), number(node, weight, scales));
    }

    private static String number(LoopNode.Linear node, DType weight, DType scales) {
        String place = node.right().transposed() ? "(j0 + j) * " + node.k() + " + s" : "s * " + node.n() + " + j0 + j";
        return node.groups().map(g -> {
            String pair = "(s / " + g.size() + " * " + node.n() + " + j0 + j) * 2";
            return "(double)((b[(" + place + ") / 2] >> ((s & 1) * 4) & 15) - 8) * "
                + CTypes.loaded("pairs[" + pair + "]", scales) + " + " + CTypes.loaded("pairs[" + pair + " + 1]", scales);
        }).orElse(CTypes.loaded("b[" + place + "]", weight));
    }
}
