package dev.kiln.stages.codegen;

import dev.kiln.kernels.gemm.ElementType;
import dev.kiln.kernels.gemm.GemmBlocking;
import dev.kiln.kernels.gemm.GemmSpec.Widening;
import dev.kiln.kernels.gemm.GemmTypes;
import dev.kiln.kernels.gemm.MicroGemm;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Which register blocks and cache blockings of a product are worth measuring, the expected best first. The model counts
 * what an ideal core would take: arithmetic with the tails of rows and columns, and traffic between memory and caches. It
 * ranks candidates; measurement chooses.
 */
final class GemmSearch {
    /** Measured by default. */
    private static final int LIKELY = 2;
    /** Measured at most. */
    private static final int MOST = 12;
    /** Up to which a product waits for the weight, and the work of widening it counts. */
    private static final int FEW_ROWS = 48;
    private static final int CACHE_LINE = 64;
    /** Columns with padding by those without it, from which narrower panels are worth a look. */
    private static final double MUCH_PADDING = 1.1;
    private static final double VECTOR_OPERATIONS_PER_CYCLE = 2;
    /** Of AMX: elements of the result that one step is added to. */
    private static final double TILE_OPERATIONS_PER_CYCLE = 256;
    private static final double MEMORY_BYTES_PER_CYCLE = 6;
    private static final double CACHE_BYTES_PER_CYCLE = 32;

    private GemmSearch() {
    }

    /** A register block with a cache blocking, and where the weight is widened. */
    record Choice(MicroGemm micro, GemmBlocking blocking, Widening widening) {
    }

    /**
     * What to measure for a weight that is narrower than what is multiplied: for few rows first widening as it is loaded,
     * by panels that come from memory a cache line a step.
     *
     * @param blockings those of a register block that widens panels
     * @param streaming the one of a register block that widens as it loads
     */
    static List<Choice> narrow(List<MicroGemm> table, GemmTypes types, Function<MicroGemm, List<GemmBlocking>> blockings,
            Function<MicroGemm, GemmBlocking> streaming, long m, CodegenTarget target) {
        List<Choice> loads = table.stream().filter(micro -> micro.widensInRegisters() && micro.vectorsPerRow() > 1)
            .sorted(Comparator.<MicroGemm>comparingLong(micro -> Math.ceilDiv(m, (long) micro.mr()))
                .thenComparing(micro -> Math.abs(types.rowBytes(micro) - CACHE_LINE)))
            .map(micro -> new Choice(micro, streaming.apply(micro), Widening.IN_REGISTERS)).toList();
        List<Choice> panels = table.stream().flatMap(micro -> blockings.apply(micro).stream()
            .map(blocking -> new Choice(micro, blocking, Widening.IN_PANELS))).toList();
        List<Choice> likely = new ArrayList<>(m <= FEW_ROWS ? loads.subList(0, Math.min(1, loads.size())) : List.of());
        likely.add(panels.getFirst());
        if (target.searchesAll()) {
            Stream.concat(loads.stream(), panels.stream()).filter(c -> !likely.contains(c))
                .limit(MOST - likely.size()).toList().forEach(likely::add);
        }
        return likely;
    }

    /**
     * What to measure.
     *
     * @param table register blocks, the best general one first
     * @param blockings those of a register block, the formula's first
     * @param m rows, as far as they are known
     * @param k numbers along the depth
     */
    static List<Choice> choices(List<MicroGemm> table, Function<MicroGemm, List<GemmBlocking>> blockings, long m, long n,
            long k, CodegenTarget target) {
        boolean padded = Math.ceilDiv(n, table.getFirst().nr()) * table.getFirst().nr() > MUCH_PADDING * n;
        boolean tails = m <= FEW_ROWS || padded;
        List<Choice> all = (tails ? byTails(table, blockings, m, n, k) : table).stream().flatMap(micro ->
            blockings.apply(micro).stream().map(blocking -> new Choice(micro, blocking, Widening.NONE))).toList();
        List<Choice> likely = new ArrayList<>(tails ? List.of() : balanced(table, all));
        all.stream().filter(c -> !likely.contains(c)).limit(LIKELY - likely.size()).toList().forEach(likely::add);
        List<Choice> others = new ArrayList<>(all);
        others.removeAll(likely);
        if (target.searchesAll()) {
            MicroGemm first = table.getFirst();
            others.removeIf(c -> c.blocking().prefetch() > 0 && c.micro() != first);
            others.sort(Comparator.comparingDouble(c -> cycles(c.micro(), c.blocking(), m, n,
                Math.ceilDiv(k, (long) c.micro().type().depth()))));
            likely.addAll(others.subList(0, Math.min(others.size(), MOST - likely.size())));
        }
        return likely;
    }

    /**
     * Of products of bytes, four a step, the best block and the widest: processors differ in whether they are short of
     * multipliers or of loads there.
     */
    private static List<Choice> balanced(List<MicroGemm> table, List<Choice> all) {
        if (table.getFirst().type() != ElementType.BYTE_QUAD || table.getFirst().tiles()) {
            return List.of();
        }
        MicroGemm widest = table.stream().max(Comparator.comparingInt(MicroGemm::nr)).orElseThrow();
        return List.of(all.getFirst(), all.stream().filter(c -> c.micro().equals(widest)).findFirst().orElseThrow());
    }

    /** The register block that few rows fit best first. */
    private static List<MicroGemm> byTails(List<MicroGemm> table, Function<MicroGemm, List<GemmBlocking>> blockings, long m,
            long n, long k) {
        return table.stream().sorted(Comparator.comparingDouble(micro -> cycles(micro, blockings.apply(micro).getFirst(), m,
            n, Math.ceilDiv(k, (long) micro.type().depth())))).toList();
    }

    /**
     * Cycles of one core.
     *
     * @param k elements along the depth
     */
    static double cycles(MicroGemm micro, GemmBlocking blocking, long m, long n, long k) {
        double panels = Math.ceilDiv(n, micro.nr());
        double tiles = m / micro.mr() * step(micro, micro.mr()) + step(micro, (int) (m % micro.mr()));
        double element = micro.type().bytes();
        double weight = panels * micro.nr() * k * element;
        double again = Math.ceilDiv(m, (long) blocking.mc()) - 1;
        double rows = m * k * element * Math.ceilDiv(n, (long) blocking.nc());
        double partial = 2 * m * n * element * (Math.ceilDiv(k, (long) blocking.kc()) - 1);
        return panels * k * tiles + weight / MEMORY_BYTES_PER_CYCLE
            + (weight * again + rows + partial) / CACHE_BYTES_PER_CYCLE;
    }

    /** Cycles of one step along k for so many rows of a panel: bound by arithmetic, or by loads where rows are few. */
    private static double step(MicroGemm micro, int rows) {
        int vectors = micro.vectorsPerRow();
        double loads = rows + vectors;
        if (micro.tiles()) {
            return rows == 0 ? 0 : (double) micro.mr() * micro.nr() / TILE_OPERATIONS_PER_CYCLE;
        }
        return rows == 0 ? 0 : (Math.max(rows * vectors, loads) + 0.1 * loads) / VECTOR_OPERATIONS_PER_CYCLE;
    }
}
