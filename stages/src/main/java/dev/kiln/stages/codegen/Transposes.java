package dev.kiln.stages.codegen;

import dev.kiln.kernels.runtime.RuntimeHeader;
import dev.kiln.kernels.toolchain.CompileUnit;
import dev.kiln.kernels.toolchain.SharedCode;
import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.lowering.LoopNode;
import dev.kiln.stages.schedule.Indices;
import dev.kiln.stages.schedule.KernelGroup;
import dev.kiln.stages.schedule.KernelGroup.Stage;
import dev.kiln.stages.schedule.KernelGroup.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Loads of a pointwise kernel whose memory runs along an outer dimension, not along the innermost loop. That dimension
 * is walked {@code HEIGHT} rows at a time and the inner loop in tiles; a tile of each such load is transposed into an
 * array in the first-level cache, so that memory is read and written in runs.
 */
final class Transposes {
    /** The functions that transpose tiles. */
    static final SharedCode FUNCTIONS = () -> new CompileUnit("transpose", RuntimeHeader.text()
        + SourceUnits.resource("transpose.c").replace("@SIDE@", Integer.toString(Transposes.WIDTH)));
    static final int WIDTH = 64;
    static final int HEIGHT = WIDTH;
    private static final long SMALLEST = 8;
    private static final long LINE_BYTES = 64;

    private final KernelGroup.Rows group;
    private final KernelNames names;
    private final int dim;
    private final Map<Scalar.Load, String> arrays = new LinkedHashMap<>();
    private final List<Scalar.Load> direct;

    private Transposes(KernelGroup.Rows group, KernelNames names, int dim, List<Scalar.Load> loads) {
        this.group = group;
        this.names = names;
        this.dim = dim;
        loads.forEach(load -> arrays.computeIfAbsent(load, l -> names.fresh("tile_")));
        this.direct = loads(group.stages().getFirst(), index -> runsInward(index) && isFar(index, dim));
    }

    private static boolean runsInward(SymInt index) {
        return Indices.coefficient(index, SymInt.symbol("j0")).filter(c -> c.is(1)).isPresent();
    }

    private static boolean isFar(SymInt index, int d) {
        return Indices.coefficient(index, SymInt.symbol("i" + d)).filter(c -> !c.is(0)).isPresent();
    }

    static Optional<Transposes> of(KernelGroup.Rows group, KernelNames names) {
        if (group.outer().isEmpty() || group.stages().size() != 1
                || group.stages().getFirst().inner().size() != 1) {
            return Optional.empty();
        }
        Stage stage = group.stages().getFirst();
        if (stage.statements().stream().anyMatch(s -> s.node() instanceof LoopNode.Reduction)
                || tiny(stage.inner().getFirst())) {
            return Optional.empty();
        }
        List<Scalar.Load> best = List.of();
        int dim = -1;
        for (int d = 0; d < group.outer().size(); d++) {
            List<Scalar.Load> loads = tiny(group.outer().get(d)) ? List.of() : along(stage, d);
            if (loads.size() > best.size()) {
                best = loads;
                dim = d;
            }
        }
        return dim < 0 || best.size() > 4 ? Optional.empty() : Optional.of(new Transposes(group, names, dim, best));
    }

    private static boolean tiny(SymInt size) {
        return size.isConstant() && size.asLong() < SMALLEST;
    }

    /** Loads with unit steps along an outer dimension and long ones along the inner one. */
    private static List<Scalar.Load> along(Stage stage, int d) {
        return loads(stage, index -> runsAlong(index, d));
    }

    private static List<Scalar.Load> loads(Stage stage, Predicate<SymInt> wanted) {
        List<String> written = stage.statements().stream().map(s -> s.output().name()).toList();
        List<Scalar.Load> found = new ArrayList<>();
        for (Statement statement : stage.statements()) {
            statement.body().rewrite(s -> {
                if (s instanceof Scalar.Load load && !written.contains(load.buffer()) && !found.contains(load)
                        && wanted.test(load.index())) {
                    found.add(load);
                }
                return s;
            });
        }
        return found;
    }

    private static boolean runsAlong(SymInt index, int d) {
        Optional<SymInt> outer = Indices.coefficient(index, SymInt.symbol("i" + d));
        Optional<SymInt> inner = Indices.coefficient(index, SymInt.symbol("j0"));
        return outer.isPresent() && inner.isPresent() && outer.get().is(1) && !inner.get().is(0)
            && !inner.get().is(1);
    }

    int dim() {
        return dim;
    }

    String arrays() {
        StringBuilder text = new StringBuilder();
        arrays.forEach((load, array) -> text.append("  ").append(CTypes.stored(load.dtype())).append(' ').append(array)
            .append('[').append(HEIGHT * WIDTH).append("] __attribute__((aligned(64)));\n"));
        return text.toString();
    }

    /** Opens the loops over tiles and over the rows of one; {@code from} and {@code to} bound the inner loop. */
    String open(StringBuilder out, String indent) {
        String size = names.index().print(group.stages().getFirst().inner().getFirst());
        String inside = indent + "  ";
        out.append(indent).append("for (int64_t from = 0; from < ").append(size).append("; from += ").append(WIDTH)
            .append(") {\n").append(inside).append("const int64_t to = kiln_imin(from + ").append(WIDTH).append(", ")
            .append(size).append(");\n");
        arrays.forEach((load, array) -> out.append(inside).append("{ const int64_t i").append(dim)
            .append(" = first, j0 = from; kiln_transpose_").append(load.dtype().bytes()).append('(').append(array)
            .append(", ").append(names.pointer(load.buffer())).append(" + (")
            .append(names.index().print(load.index())).append("), ").append(names.index().print(stride(load)))
            .append(", w, to - from); }\n"));
        out.append(inside).append("for (int64_t l = 0; l < w; l++) {\n").append(inside).append("  const int64_t i")
            .append(dim).append(" = first + l;\n");
        arrays.keySet().forEach(load -> prefetch(load, out, inside + "  ", size));
        direct.forEach(load -> prefetchDirect(load, out, inside + "  ", size));
        return inside + "  ";
    }

    /** Asks for a row's part of the next tile: the hardware does not foresee such jumps. */
    private void prefetch(Scalar.Load load, StringBuilder out, String indent, String size) {
        out.append(indent).append("if (to + l < ").append(size).append(") for (int64_t c = 0; c < w; c += ")
            .append(LINE_BYTES / load.dtype().bytes()).append(") { const int64_t i").append(dim)
            .append(" = first + c, j0 = to + l; ").append(fetch(load)).append(" }\n");
    }

    /** As {@link #prefetch}, for what is read in the order of the loops. */
    private void prefetchDirect(Scalar.Load load, StringBuilder out, String indent, String size) {
        out.append(indent).append("if (to < ").append(size).append(") for (int64_t j0 = to; j0 < to + ").append(WIDTH)
            .append("; j0 += ").append(LINE_BYTES / load.dtype().bytes()).append(") ").append(fetch(load)).append('\n');
    }

    private String fetch(Scalar.Load load) {
        return "__builtin_prefetch(" + names.pointer(load.buffer()) + " + " + names.index().print(load.index())
            + ", 0, 2);";
    }

    private static SymInt stride(Scalar.Load load) {
        return Indices.coefficient(load.index(), SymInt.symbol("j0")).orElseThrow();
    }

    /** The element of a load in its tile, if it is one of those that are transposed. */
    Optional<String> element(Scalar.Load load) {
        return Optional.ofNullable(arrays.get(load)).map(array -> ScalarWriter.element(array,
            "l * " + WIDTH + " + j0 - from", load.dtype()));
    }
}
