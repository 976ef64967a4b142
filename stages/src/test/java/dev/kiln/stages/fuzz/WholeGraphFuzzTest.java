package dev.kiln.stages.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.interpreter.Interpreter;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.stages.codegen.GraphBatch.Effort;
import dev.kiln.stages.codegen.GraphRunner;
import dev.kiln.stages.codegen.GraphRunner.Program;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.Supplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Random graphs, compiled and interpreted. {@code -Dkiln.fuzz.seed} and {@code -Dkiln.fuzz.graphs} choose
 * which; a failing graph is made small before it is shown.
 */
class WholeGraphFuzzTest {
    private static final long SEED = Long.getLong("kiln.fuzz.seed", 1);
    private static final int GRAPHS = Integer.getInteger("kiln.fuzz.graphs", 150);
    private static final int NIGHTLY_GRAPHS = Integer.getInteger("kiln.fuzz.graphs", 4000);
    private static final int TOGETHER = 75;
    private static final int MAX_SHOWN = 3;
    private static final double TOLERANCE = 1e-3;

    @Test
    void compiledGraphsAgreeWithTheInterpreter() {
        fuzz(SEED, GRAPHS, Effort.FAST);
    }

    @Test
    @Tag("nightly")
    void thousandsOfCompiledGraphsAgreeWithTheInterpreter() {
        fuzz(SEED + 1_000_000, NIGHTLY_GRAPHS, Effort.FULL);
    }

    private static void fuzz(long first, int count, Effort effort) {
        GraphRunner runner = new GraphRunner(CpuInfo.detect().bestIsa(), effort);
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
            List<Optional<String>> differences = differences(runner, programs);
            for (int i = 0; i < programs.size() && failures.size() < MAX_SHOWN; i++) {
                if (differences.get(i).isPresent()) {
                    failures.add("seed " + seeds.get(i) + ": " + differences.get(i).get() + "\n"
                        + shrunk(runner, programs.get(i)));
                }
            }
        }
        assertThat(failures).as("%d graphs from seed %d", count, first).isEmpty();
    }

    /** The seed's graph at the hints of its symbols, and at other sizes if the guards allow these. */
    private static List<Program> programs(long seed) {
        Graph graph = RandomGraph.of(seed);
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

    private static String shrunk(GraphRunner runner, Program program) {
        Program small = new GraphShrinker(candidates -> differences(runner, candidates).stream()
            .map(Optional::isPresent).toList()).shrink(program);
        Optional<String> difference = differences(runner, List.of(small)).getFirst();
        StringBuilder inputs = new StringBuilder();
        small.inputs().forEach((name, value) -> inputs.append("// ").append(name).append(" : ")
            .append(value.dtype()).append(value.sizes()).append('\n'));
        return small.graph() + "// " + difference.orElse("") + "\n" + inputs;
    }

    private static List<Optional<String>> differences(GraphRunner runner, List<Program> programs) {
        List<Supplier<Map<String, ConstantValue>>> compiled = runner.prepare(programs);
        List<Optional<String>> differences = new ArrayList<>();
        for (int i = 0; i < programs.size(); i++) {
            differences.add(difference(programs.get(i), compiled.get(i)));
        }
        return differences;
    }

    private static Optional<String> difference(Program program,
            Supplier<Map<String, ConstantValue>> compiled) {
        Map<String, ConstantValue> expected;
        try {
            expected = Interpreter.run(program.graph(), program.inputs());
        } catch (KilnException.BadInput e) {
            return Optional.empty();
        }
        try {
            Map<String, ConstantValue> actual = compiled.get();
            return expected.keySet().stream().map(o -> difference(o, expected.get(o), actual.get(o)))
                .filter(Optional::isPresent).map(Optional::get).findFirst();
        } catch (RuntimeException e) {
            return Optional.of(e + " at " + List.of(e.getStackTrace())
                .subList(0, Math.min(8, e.getStackTrace().length)));
        }
    }

    private static Optional<String> difference(String name, ConstantValue expected, ConstantValue actual) {
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
