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
 * is walked in blocks of rows, the inner loop in tiles, a tile in strips of few rows; a strip of each such load is
 * transposed into an array in the first-level cache, so that memory is read and written in runs. Strips are small so that
 * waiting, transposing and storing mix; each asks for its share of the next tile, since the hardware does not foresee
 * such jumps.
 */
final class Transposes {
    /** The functions that transpose tiles. */
    static final SharedCode FUNCTIONS = () -> new CompileUnit("transpose", RuntimeHeader.text()
        + SourceUnits.resource("transpose.c"));
    /** Rows that are transposed at once: a line of four-byte elements. */
    private static final int STRIP = 16;
    /** Rows of a block. */
    static final int BLOCK = 64;
    /** What is written of a row at a time. */
    private static final int RUN_BYTES = 128;
    private static final int NARROWEST = 32;
    private static final int WIDEST = 64;
    private static final long SMALLEST = 8;
    private static final long LINE_BYTES = 64;

    private final KernelGroup.Rows group;
    private final KernelNames names;
    private final int dim;
    private final int width;
    private final Map<Scalar.Load, String> arrays = new LinkedHashMap<>();
    private final List<Scalar.Load> direct;

    private Transposes(KernelGroup.Rows group, KernelNames names, int dim, List<Scalar.Load> loads) {
        this.group = group;
        this.names = names;
        this.dim = dim;
        this.width = Math.clamp(RUN_BYTES / narrowest(group), NARROWEST, WIDEST);
        loads.forEach(load -> arrays.computeIfAbsent(load, l -> names.fresh("tile_")));
        this.direct = loads(group.stages().getFirst(), index -> runsInward(index) && isFar(index, dim));
    }

    private static int narrowest(KernelGroup.Rows group) {
        return group.stages().getFirst().statements().stream().mapToInt(s -> s.output().dtype().bytes()).min().orElseThrow();
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

    /** Elements of a row in a tile. */
    int width() {
        return width;
    }

    String arrays() {
        StringBuilder text = new StringBuilder();
        arrays.forEach((load, array) -> text.append("  ").append(CTypes.stored(load.dtype())).append(' ').append(array)
            .append('[').append(STRIP * width).append("] __attribute__((aligned(64)));\n"));
        return text.toString();
    }

    /** Whether all tiles are of full width. */
    boolean whole() {
        return isMultiple(group.stages().getFirst().inner().getFirst(), width);
    }

    private static boolean isMultiple(SymInt size, int of) {
        return size.isConstant() && size.asLong() % of == 0;
    }

    private static String bounded(String value, String bound, boolean fits) {
        return fits ? value : "kiln_imin(" + value + ", " + bound + ")";
    }

    /** Opens the loops over tiles, strips and the rows of one; {@code from} and {@code to} bound the inner loop. */
    String open(StringBuilder out, String indent) {
        String size = names.index().print(group.stages().getFirst().inner().getFirst());
        out.append("""
            for (int64_t from = 0; from < %1$s; from += %2$d) {
              const int64_t to = %4$s;
              const int64_t next = to < %1$s ? to : 0, block = to < %1$s ? first : first + %6$d;
              for (int64_t strip = 0; strip < w; strip += %3$d) {
                const int64_t h = %5$s;
            """.formatted(size, width, STRIP, bounded("from + " + width, size, whole()),
                bounded(Integer.toString(STRIP), "w - strip", isMultiple(group.outer().get(dim), STRIP)), BLOCK)
            .indent(indent.length()));
        String inside = indent + "    ";
        arrays.keySet().forEach(load -> fetchNext(load, out, inside, size));
        arrays.forEach((load, array) -> transpose(load, array, out, inside));
        out.append(inside).append("for (int64_t l = 0; l < h; l++) {\n").append(inside).append("  const int64_t i")
            .append(dim).append(" = first + strip + l;\n");
        direct.forEach(load -> fetchNextOfRow(load, out, inside + "  "));
        return inside + "  ";
    }

    private void transpose(Scalar.Load load, String array, StringBuilder out, String indent) {
        out.append(indent).append("{ const int64_t i").append(dim).append(" = first + strip, j0 = from; kiln_transpose_")
            .append(load.dtype().bytes()).append('(').append(array).append(", ").append(width).append(", ")
            .append(names.pointer(load.buffer())).append(" + (").append(names.index().print(load.index())).append("), ")
            .append(names.index().print(stride(load))).append(", h, to - from); }\n");
    }

    /** Asks for a strip's share of the next tile, which is the next block's first after this one's last. */
    private void fetchNext(Scalar.Load load, StringBuilder out, String indent, String size) {
        int share = STRIP * width / BLOCK;
        String from = "next + strip / " + STRIP + " * " + share;
        out.append(indent).append("for (int64_t j0 = ").append(from).append("; j0 < ")
            .append(bounded(from + " + " + share, size, whole())).append("; j0++) for (int64_t i").append(dim)
            .append(" = block; i").append(dim).append(" < block + w; i").append(dim).append(" += ")
            .append(LINE_BYTES / load.dtype().bytes()).append(") ").append(fetch(load)).append('\n');
    }

    /** As {@link #fetchNext}, for a row of what is read in the order of the loops. */
    private void fetchNextOfRow(Scalar.Load load, StringBuilder out, String indent) {
        out.append(indent).append("for (int64_t i").append(dim).append(" = block + strip + l, j0 = next; j0 < next + ")
            .append(width).append("; j0 += ").append(LINE_BYTES / load.dtype().bytes()).append(") ").append(fetch(load))
            .append('\n');
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
            "l * " + width + " + j0 - from", load.dtype()));
    }
}
