package dev.kiln.stages.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.stages.codegen.GraphBatch.Effort;
import dev.kiln.stages.codegen.GraphRunner;
import dev.kiln.stages.codegen.GraphRunner.Program;
import dev.kiln.stages.oracle.TorchOracle;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.LongFunction;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Compares compiled random graphs with a reference, many in one native build; what differs is made small. */
final class Fuzz {
    private static final Logger LOG = LoggerFactory.getLogger(Fuzz.class);
    private static final int TOGETHER = 75;
    private static final int MAX_SHOWN = 3;
    private static final double TOLERANCE = 1e-3;

    private final LongFunction<Graph> graphs;
    private final Reference reference;
    private final GraphRunner runner;
    private int compared;

    /** Gives a program's outputs by name; throws what it does not take. */
    @FunctionalInterface
    interface Reference {
        Map<String, ConstantValue> run(Program program);
    }

    Fuzz(LongFunction<Graph> graphs, Reference reference, Effort effort) {
        this.graphs = graphs;
        this.reference = reference;
        this.runner = new GraphRunner(CpuInfo.detect().bestIsa(), effort);
    }

    /** Graphs of {@code count} seeds; fails with small graphs that differ. */
    void run(long first, int count) {
        compared = 0;
        List<String> failures = new ArrayList<>();
        for (long seed = first; seed < first + count; seed += TOGETHER) {
            List<Program> programs = new ArrayList<>();
            List<Long> seeds = new ArrayList<>();
            for (long s = seed; s < Math.min(first + count, seed + TOGETHER); s++) {
                for (Program program : programs(s)) {
                    programs.add(program);
                    seeds.add(s);
                }
            }
            List<Optional<String>> differences = differences(programs);
            for (int i = 0; i < programs.size() && failures.size() < MAX_SHOWN; i++) {
                if (differences.get(i).isPresent()) {
                    failures.add("seed " + seeds.get(i) + ": " + differences.get(i).get() + "\n"
                        + shrunk(programs.get(i)));
                }
            }
        }
        assertThat(failures).as("%d graphs from seed %d", count, first).isEmpty();
        LOG.info("{} of {} graphs from seed {} compared", compared, count, first);
        assertThat(compared).as("graphs that the reference takes").isGreaterThan(count * 9 / 10);
    }

    /** The seed's graph at the hints of its symbols, and at other sizes if the guards allow these. */
    private List<Program> programs(long seed) {
        Graph graph = graphs.apply(seed);
        List<Program> programs = new ArrayList<>();
        Map<String, Long> hints = new LinkedHashMap<>();
        Map<String, Long> others = new LinkedHashMap<>();
        Random random = new Random(seed);
        for (ShapeEnv.Symbol symbol : graph.shapes().symbols()) {
            hints.put(symbol.name(), symbol.hint());
            others.put(symbol.name(), symbol.min() + random.nextInt(20));
        }
        programs.add(new Program(graph, RandomGraph.inputs(graph, hints, seed)));
        boolean fits = graph.calls().stream().flatMap(c -> c.outputs().stream())
            .allMatch(t -> t.numel().evaluate(others::get) <= 10 * RandomGraph.MAX_NUMEL);
        if (!hints.isEmpty() && fits && graph.shapes().guards().stream().allMatch(g -> g.holds(others::get))) {
            programs.add(new Program(graph, RandomGraph.inputs(graph, others, seed)));
        }
        return programs;
    }

    private String shrunk(Program program) {
        Program small = new GraphShrinker(candidates -> differences(candidates).stream()
            .map(Optional::isPresent).toList()).shrink(program);
        Optional<String> difference = differences(List.of(small)).getFirst();
        StringBuilder inputs = new StringBuilder();
        small.inputs().forEach((name, value) -> inputs.append("// ").append(name).append(" : ")
            .append(value.dtype()).append(value.sizes()).append('\n'));
        return small.graph() + "// " + difference.orElse("") + "\n" + inputs;
    }

    private List<Optional<String>> differences(List<Program> programs) {
        List<Supplier<Map<String, ConstantValue>>> compiled = runner.prepare(programs);
        List<Optional<String>> differences = new ArrayList<>();
        for (int i = 0; i < programs.size(); i++) {
            differences.add(difference(programs.get(i), compiled.get(i)));
        }
        return differences;
    }

    private Optional<String> difference(Program program,
            Supplier<Map<String, ConstantValue>> compiled) {
        Map<String, ConstantValue> expected;
        try {
            expected = reference.run(program);
        } catch (KilnException.BadInput | TorchOracle.Rejected e) {
            return Optional.empty();
        }
        compared++;
        try {
            Map<String, ConstantValue> actual = compiled.get();
            return expected.keySet().stream().map(o -> difference(o, expected.get(o), actual.get(o)))
                .filter(Optional::isPresent).map(Optional::get).findFirst();
        } catch (RuntimeException e) {
            return Optional.of(e + " at " + List.of(e.getStackTrace())
                .subList(0, Math.min(8, e.getStackTrace().length)));
        }
    }

    private Optional<String> difference(String name, ConstantValue expected, ConstantValue actual) {
        if (!expected.sizes().equals(actual.sizes()) || expected.dtype() != actual.dtype()) {
            return Optional.of(name + " is " + actual.dtype() + actual.sizes() + ", should be "
                + expected.dtype()
                + expected.sizes());
        }
        double largest = 1;
        for (long i = 0; i < expected.numel(); i++) {
            double size = Math.abs(expected.doubleAt(i));
            largest = Double.isFinite(size) ? Math.max(largest, size) : largest;
        }
        for (long i = 0; i < expected.numel(); i++) {
            double want = expected.doubleAt(i);
            double got = actual.doubleAt(i);
            boolean close = want == got || Double.isNaN(want) && Double.isNaN(got)
                || Math.abs(want - got) <= TOLERANCE * largest;
            if (!close) {
                return Optional.of(name + "[" + i + "] is " + got + ", should be " + want);
            }
        }
        return Optional.empty();
    }
}
