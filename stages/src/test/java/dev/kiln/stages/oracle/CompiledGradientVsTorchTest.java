package dev.kiln.stages.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.ops.derivative.Derivatives;
import dev.kiln.ops.derivative.Differentiability;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.schema.OpOverload;
import dev.kiln.ops.schema.OpTable;
import dev.kiln.stages.codegen.GraphBatch.Effort;
import dev.kiln.stages.codegen.GraphRunner;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Compiled joint graphs against libtorch's autograd; of every op with a derivative rule at least one. */
class CompiledGradientVsTorchTest {
    private static final long SEED = Long.getLong("kiln.oracle.seed", 20260101);
    private static final String OPS = System.getProperty("kiln.oracle.ops", ".*");
    private static final int TOGETHER = 80;
    private static final int NIGHTLY_CASES = 4;

    @TestFactory
    Stream<DynamicTest> agreesWithLibtorch() {
        return tests(op -> Derivatives.of(op) == Differentiability.RULE ? one(op) : List.of());
    }

    @TestFactory
    @Tag("nightly")
    Stream<DynamicTest> agreesWithLibtorchOnManyCases() {
        return tests(op -> Derivatives.of(op) == Differentiability.NONE ? List.of()
            : GradientSamples.of(op, SEED, NIGHTLY_CASES));
    }

    /** In f32 or in f64, by turns. */
    private static List<GradientCase> one(OpOverload op) {
        List<GradientCase> cases = GradientSamples.of(op, SEED, 1).stream().filter(c -> !c.wanted().isEmpty()).toList();
        return cases.isEmpty() ? cases : List.of(op.name().hashCode() % 2 == 0 ? cases.getLast() : cases.getFirst());
    }

    private static Stream<DynamicTest> tests(Function<OpOverload, List<GradientCase>> cases) {
        Map<OpOverload, List<GradientCase>> ops = new LinkedHashMap<>();
        OpTable.all().stream().filter(op -> op.name().matches(OPS) && !PendingGradients.contains(op)).forEach(op -> {
            List<GradientCase> own = cases.apply(op).stream().filter(c -> !c.wanted().isEmpty()).toList();
            if (!own.isEmpty()) {
                ops.put(op, own);
            }
        });
        List<OpOverload> order = List.copyOf(ops.keySet());
        List<DynamicTest> tests = new ArrayList<>();
        for (int i = 0; i < order.size(); i += TOGETHER) {
            Group group = new Group(order.subList(i, Math.min(order.size(), i + TOGETHER)), ops);
            group.ops.forEach(op -> tests.add(DynamicTest.dynamicTest(op.name(), () ->
                assertThat(group.differences(op)).as("%s, seed %d", op, SEED).isEmpty())));
        }
        return tests.stream();
    }

    /** Ops whose graphs are compiled when the first of them is tested. */
    private static final class Group {
        private final List<OpOverload> ops;
        private final Map<OpOverload, List<GradientCase>> cases;
        private Map<OpOverload, List<String>> differences;

        Group(List<OpOverload> ops, Map<OpOverload, List<GradientCase>> cases) {
            this.ops = ops;
            this.cases = cases;
        }

        synchronized List<String> differences(OpOverload op) {
            if (differences == null) {
                Map<OpOverload, List<String>> found = new LinkedHashMap<>();
                running(ops.stream().flatMap(o -> cases.get(o).stream()).map(GradientCheck::reference).toList())
                    .forEach(r -> r.check().difference(r.result()).ifPresent(d -> found
                        .computeIfAbsent(r.check().sample().sample().op(), o -> new ArrayList<>())
                        .add(d + "\n  in " + r.check().sample().sample())));
                differences = found;
            }
            return differences.getOrDefault(op, List.of());
        }

        private static List<GradientRunning> running(List<GradientCheck> all) {
            List<Supplier<Map<String, ConstantValue>>> results = GradientCheck.suppliers(all,
                new GraphRunner(CpuInfo.detect().bestIsa(), Effort.FAST)::prepare);
            List<GradientRunning> runs = new ArrayList<>();
            for (int i = 0; i < all.size(); i++) {
                runs.add(new GradientRunning(all.get(i), results.get(i)));
            }
            return runs;
        }
    }

    private record GradientRunning(GradientCheck check, Supplier<Map<String, ConstantValue>> result) {
    }
}
