package dev.kiln.stages.codegen;

import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.lowering.Buffer;
import dev.kiln.stages.lowering.LoopNode;
import dev.kiln.stages.schedule.KernelGroup;
import dev.kiln.stages.schedule.KernelGroup.Stage;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * Writes a row group as C: a loop over rows, in it what {@link RowsBody} writes. Three forms: flat (one loop over all
 * elements), rows, and rows taken several at a time along a dimension, by {@link Lanes} or by {@link Transposes}.
 */
final class RowsKernel {
    private final KernelGroup.Rows group;
    private final List<String> symbols;
    private final KernelNames names;
    private final RowsBody body;
    private final boolean flat;

    /**
     * For a group.
     *
     * @param inPlace results that are written over other buffers, and which
     * @param eagerNumerics whether pointwise arithmetic must be that of PyTorch's eager mode, bit for bit
     */
    RowsKernel(KernelGroup.Rows group, List<String> symbols, Function<String, Buffer> buffers,
            Map<String, String> inPlace, boolean eagerNumerics) {
        this.group = group;
        this.symbols = symbols;
        this.names = new KernelNames(buffers, inPlace);
        this.flat = group.outer().isEmpty() && group.stages().size() == 1
            && group.stages().getFirst().inner().size() == 1
            && group.stages().getFirst().statements().stream().allMatch(s -> s.node() instanceof LoopNode.Pointwise);
        this.body = new RowsBody(group, names, flat, eagerNumerics);
    }

    List<String> arguments() {
        return names.arguments();
    }

    Kernel.Variant write() {
        return Kernel.Variant.only(source(), body.parts());
    }

    /** The kernel is called {@code KERNEL} in it. */
    private String source() {
        String decode = flat ? "" : decodeRow();
        String text = body.write(flat ? "  " : "    ", decode);
        String rows = flat ? names.index().print(group.stages().getFirst().inner().getFirst()) : rows();
        String cost = names.index().print(cost());
        String whole = "  const kiln_args* args = (const kiln_args*)ctx;\n  (void)worker;\n"
            + names.declarations(symbols, "  ") + body.arrays() + body.beforeRows()
            + (flat ? text : "  for (int64_t row = begin; row < end; row++) {\n" + decode + text + "  }\n")
            + body.afterRows()
            + (body.streams() ? "  kiln_streamed();\n" : "");
        return FarArguments.function("static", "KERNEL", "void* ctx, int64_t begin, int64_t end, int32_t worker",
                "ctx, begin, end, worker", whole)
            + "KILN_HIDDEN void launch_KERNEL(const kiln_args* args) {\n"
            + names.index().declarations(symbols, "  ")
            + "  args->call->rt->parallel_for(args->call->rt->pool, KERNEL, (void*)args, " + rows + ", kiln_grain("
            + cost + "));\n}\n";
    }

    /** Scalar operations a row (or an element, if flat; or all rows that are taken together). */
    private SymInt cost() {
        SymInt cost = SymInt.ZERO;
        for (Stage stage : group.stages()) {
            long operations = stage.statements().stream().mapToLong(s -> 1 + operations(s.body())).sum();
            cost = cost.plus((flat ? SymInt.ONE : SymInt.product(stage.inner())).times(operations));
        }
        return cost.times(body.step());
    }

    private static long operations(Scalar body) {
        Set<Scalar> distinct = new HashSet<>();
        body.rewrite(s -> {
            if (s instanceof Scalar.Apply) {
                distinct.add(s);
            }
            return s;
        });
        return distinct.size();
    }

    /** Sizes of the loops that a row number stands for: outer sizes, one of them in steps. */
    private List<String> sizes() {
        List<String> sizes = new ArrayList<>();
        for (int d = 0; d < group.outer().size(); d++) {
            SymInt size = group.outer().get(d);
            String text = "(" + names.index().print(size) + ")";
            sizes.add(d != body.steppedDim() ? text : size.isConstant()
                ? "(" + Math.ceilDiv(size.asLong(), body.step()) + ")"
                : "((" + text + " + " + (body.step() - 1) + ") / " + body.step() + ")");
        }
        return sizes;
    }

    private String rows() {
        return body.steppedDim() < 0 ? names.index().print(SymInt.product(group.outer()))
            : String.join(" * ", sizes());
    }

    private String decodeRow() {
        StringBuilder decode = new StringBuilder();
        List<String> sizes = sizes();
        String rest = "row";
        for (int d = sizes.size() - 1; d >= 0; d--) {
            String name = d == body.steppedDim() ? "tile" : "i" + d;
            decode.append("    const int64_t ").append(name).append(" = ").append(rest)
                .append(d == 0 ? "" : " % " + sizes.get(d)).append(";\n");
            if (d > 0) {
                decode.append("    const int64_t row").append(d).append(" = ").append(rest).append(" / ")
                    .append(sizes.get(d)).append(";\n");
                rest = "row" + d;
            }
        }
        return decode + tile();
    }

    /** The first of the rows that are taken together, and how many they are. */
    private String tile() {
        int d = body.steppedDim();
        if (d < 0) {
            return "";
        }
        SymInt size = group.outer().get(d);
        boolean exact = size.isConstant() && size.asLong() % body.step() == 0;
        return "    const int64_t first = tile * " + body.step() + ";\n    const int64_t w = " + (exact
            ? Long.toString(body.step()) : "kiln_imin(" + body.step() + ", " + names.index().print(size) + " - first)")
            + ";\n";
    }
}
