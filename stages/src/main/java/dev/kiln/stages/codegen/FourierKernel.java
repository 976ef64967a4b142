package dev.kiln.stages.codegen;

import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.lowering.Buffer;
import dev.kiln.stages.lowering.LoopNode;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Writes Fourier transforms: lines in parallel, each gathered into scratch, transformed there and scattered. An inverse
 * transform is the forward one between two conjugations. A line of reals of even length is transformed as one of half
 * as many pairs.
 */
final class FourierKernel extends NodeKernel<LoopNode.Fourier> {
    private static final int LARGEST_RADIX = 31;
    private static final String TEMPLATE = SourceUnits.resource("fourier.c.in").replace("@MOST@", Integer.toString(LARGEST_RADIX));

    FourierKernel(LoopNode.Fourier node, List<String> symbols, Function<String, Buffer> buffers) {
        super(node, symbols, buffers);
    }

    /** Two runs of n pairs; or, as an n that is not known may have a large prime, four of fewer than 4 n + 1. */
    @Override
    SymInt scratch() {
        long pair = 2L * node.key().dtype().bytes();
        boolean smooth = node.count().isConstant() && isSmooth(node.count().asLong());
        return smooth ? node.count().times(2 * pair) : node.count().times(4).plus(2).times(4 * pair);
    }

    private static boolean isSmooth(long n) {
        long rest = Math.max(1, n);
        for (int p = 2; p <= LARGEST_RADIX; p++) {
            while (rest % p == 0) {
                rest /= p;
            }
        }
        return rest == 1;
    }

    private String type() {
        return CTypes.stored(node.key().dtype());
    }

    private SymInt at(SymInt index, long element, long part) {
        return index.substitute(Map.of("r0", SymInt.of(element), "r1", SymInt.of(part)));
    }

    /** Declares a pointer to a line's first element and the distances to the next one and to its other part. */
    private String line(String name, String pointer, SymInt index, String constness) {
        SymInt first = at(index, 0, 0);
        return "    " + constness + type() + "* const " + name + " = " + pointer + " + " + names.index().print(first)
            + ";\n    const int64_t " + name + "_step = " + names.index().print(at(index, 1, 0).minus(first)) + ", "
            + name + "_part = " + names.index().print(at(index, 0, 1).minus(first)) + "; (void)" + name + "_part;\n";
    }

    @Override
    String write() {
        String table = names.pointer(node.table());
        String from = line("from", names.pointer(node.key().buffer()), node.key().index(), "const ");
        String to = line("to", names.target(node.output().name()), node.store(), "");
        String size = names.index().print(node.count());
        boolean halves = node.rule() != LoopNode.Fourier.Rule.COMPLEX;
        String body = "  const int64_t n = " + size + ";\n"
            + "  const int64_t h = " + (halves ? "n % 2 == 0 ? n / 2 : n" : "n") + ", step = h == n ? 2 : 4;\n"
            + "  const KERNEL_c* const tab = (const KERNEL_c*)" + table + ";\n"
            + "  KERNEL_c* const a = (KERNEL_c*)((char*)args->scratch + worker * args->scratch_bytes);\n"
            + "  const int smooth = KERNEL_smooth(h);\n  const int64_t room = smooth ? h : KERNEL_length(h);\n"
            + "  KERNEL_c* const b = a + room; KERNEL_c* const roots = b + room; KERNEL_c* const chirp = roots + room;\n"
            + "  if (!smooth) KERNEL_prepare(roots, chirp, a, h, tab, step);\n"
            + "  for (int64_t row = begin; row < end; row++) {\n" + LineLoops.decode(node.sizes(), names, "    ")
            + from + to + gather()
            + "    KERNEL_c* const z = smooth ? KERNEL_stockham(a, b, h, tab, step)"
            + " : KERNEL_bluestein(a, b, h, roots, chirp, tab, step);\n" + scatter() + "  }\n";
        return TEMPLATE.replace("@T@", type())
            + LineLoops.kernel(names, symbols, body, node.sizes(), node.count().times(32));
    }

    private String sign() {
        return node.inverse() ? "-" : "";
    }

    private String gather() {
        return switch (node.rule()) {
            case COMPLEX -> "    for (int64_t k = 0; k < n; k++) a[k] = (KERNEL_c){from[k * from_step], " + sign()
                + "from[k * from_step + from_part]};\n";
            case OF_REALS -> "    if (h == n) for (int64_t k = 0; k < n; k++) a[k] = (KERNEL_c){from[k * from_step], 0};\n"
                + "    else for (int64_t k = 0; k < h; k++)\n"
                + "      a[k] = (KERNEL_c){from[2 * k * from_step], from[(2 * k + 1) * from_step]};\n";
            // conjugated: of the first and the middle element only the real part counts
            case TO_REALS -> """
                    if (h == n) {
                      a[0] = (KERNEL_c){from[0], 0};
                      for (int64_t k = 1; k <= n / 2; k++) {
                        a[k] = (KERNEL_c){from[k * from_step], -from[k * from_step + from_part]};
                        a[n - k] = (KERNEL_c){a[k].re, -a[k].im};
                      }
                    } else {
                      for (int64_t k = 0; k < h; k++) {
                        const KERNEL_c x = {from[k * from_step], k == 0 ? 0 : from[k * from_step + from_part]};
                        const KERNEL_c y = {from[(h - k) * from_step], k == 0 ? 0 : -from[(h - k) * from_step + from_part]};
                        const KERNEL_c w = tab[2 * k];
                        const KERNEL_c d = KERNEL_mul(KERNEL_sub(x, y), (KERNEL_c){w.im, w.re});
                        const KERNEL_c v = KERNEL_add(KERNEL_add(x, y), d);
                        a[k] = (KERNEL_c){v.re, -v.im};
                      }
                    }
                """;
        };
    }

    private String scatter() {
        return switch (node.rule()) {
            case COMPLEX -> "    for (int64_t k = 0; k < n; k++) { to[k * to_step] = z[k].re; to[k * to_step + to_part] = "
                + sign() + "z[k].im; }\n";
            case OF_REALS -> """
                    if (h == n) {
                      for (int64_t k = 0; k <= n / 2; k++) { to[k * to_step] = z[k].re; to[k * to_step + to_part] = z[k].im; }
                    } else {
                      for (int64_t k = 0; k <= h; k++) {
                        const KERNEL_c x = z[k == h ? 0 : k], m = z[k == 0 ? 0 : h - k], y = {m.re, -m.im};
                        const KERNEL_c w = tab[2 * k];
                        const KERNEL_c d = KERNEL_mul(KERNEL_sub(x, y), (KERNEL_c){w.im, -w.re});
                        to[k * to_step] = (x.re + y.re + d.re) / 2;
                        to[k * to_step + to_part] = (x.im + y.im + d.im) / 2;
                      }
                    }
                """;
            case TO_REALS -> """
                    if (h == n) for (int64_t k = 0; k < n; k++) to[k * to_step] = z[k].re;
                    else for (int64_t k = 0; k < h; k++) {
                      to[2 * k * to_step] = z[k].re; to[(2 * k + 1) * to_step] = -z[k].im; }
                """;
        };
    }
}
