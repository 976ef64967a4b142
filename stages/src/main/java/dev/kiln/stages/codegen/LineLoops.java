package dev.kiln.stages.codegen;

import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.shape.SymInt;
import java.util.List;

/** What kernels over the lines of a tensor share: the place of a line, and the launch. */
final class LineLoops {
    private LineLoops() {
    }

    /** Declares i0, i1, ... of line {@code row}. */
    static String decode(List<SymInt> sizes, KernelNames names, String indent) {
        StringBuilder out = new StringBuilder();
        String rest = "row";
        for (int d = sizes.size() - 1; d >= 0; d--) {
            String size = "(" + names.index().print(sizes.get(d)) + ")";
            out.append(indent).append("const int64_t i").append(d).append(" = ").append(rest)
                .append(d == 0 ? "" : " % " + size).append("; (void)i").append(d).append(";\n");
            if (d > 0) {
                out.append(indent).append("const int64_t row").append(d).append(" = ").append(rest).append(" / ")
                    .append(size).append(";\n");
                rest = "row" + d;
            }
        }
        return out.toString();
    }

    /** A writer whose loads come from memory. */
    static ScalarWriter writer(StringBuilder out, String indent, KernelNames names) {
        return new ScalarWriter(out, indent, names, load -> memory(load, names));
    }

    static String memory(Scalar.Load load, KernelNames names) {
        return ScalarWriter.element(names.pointer(load.buffer()), names.index().print(load.index()), load.dtype());
    }

    /** The kernel around the loop over its lines, and its launch. */
    static String kernel(KernelNames names, List<String> symbols, String body, List<SymInt> sizes, SymInt cost) {
        String head = "static void KERNEL(void* ctx, int64_t begin, int64_t end, int32_t worker) {\n"
            + "  const kiln_args* args = (const kiln_args*)ctx;\n  (void)worker;\n";
        String rows = names.index().print(SymInt.product(sizes));
        String work = names.index().print(cost);
        return head + names.declarations(symbols, "  ") + body + "}\n"
            + "KILN_HIDDEN void launch_KERNEL(const kiln_args* args) {\n" + names.index().declarations(symbols, "  ")
            + "  args->call->rt->parallel_for(args->call->rt->pool, KERNEL, (void*)args, " + rows + ", kiln_grain("
            + work + "));\n}\n";
    }
}
