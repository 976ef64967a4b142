package dev.kiln.stages.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphVerifier;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.interpreter.Interpreter;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.stages.autograd.DefaultPartitioner;
import dev.kiln.stages.autograd.JointGraph;
import dev.kiln.stages.autograd.MinCutPartitioner;
import dev.kiln.stages.autograd.Partition;
import dev.kiln.stages.autograd.PartitionOptions;
import dev.kiln.stages.autograd.Partitioner;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Random graphs of which one input is taken for a tangent: the two graphs of a partition, one after the other, give
 * exactly what the joint graph gives.
 */
class PartitionFuzzTest {
    private static final long SEED = Long.getLong("kiln.fuzz.seed", 1);
    private static final int GRAPHS = Integer.getInteger("kiln.fuzz.graphs", 80);
    private static final int NIGHTLY_GRAPHS = Integer.getInteger("kiln.fuzz.graphs", 10_000);

    private static final Map<String, Partitioner> PARTITIONERS = partitioners();

    private static Map<String, Partitioner> partitioners() {
        PartitionOptions options = PartitionOptions.defaults();
        Map<String, Partitioner> all = new LinkedHashMap<>();
        all.put("default", new DefaultPartitioner());
        for (double budget : new double[] {1, 0.8, 0.5, 0.2, 0}) {
            all.put("budget " + budget, new MinCutPartitioner(options.withActivationMemoryBudget(budget)));
        }
        all.put("aggressive", new MinCutPartitioner(options.withAggressiveRecomputation(true)));
        all.put("greedy", new MinCutPartitioner(options.withActivationMemoryBudget(0.4)
            .withSolver(PartitionOptions.Solver.GREEDY, PartitionOptions.RuntimeEstimator.TESTING)));
        return all;
    }

    @Test
    void bothGraphsTogetherGiveWhatTheJointGraphGives() {
        fuzz(SEED, GRAPHS);
    }

    @Test
    @Tag("nightly")
    void thousandsOfPartitionsGiveWhatTheirJointGraphsGive() {
        fuzz(SEED + 3_000_000, NIGHTLY_GRAPHS);
    }

    private static void fuzz(long first, int count) {
        int compared = 0;
        for (long seed = first; seed < first + count; seed++) {
            compared += check(seed, seed % 3 == 0 ? RandomGraph.ordered(seed) : RandomGraph.of(seed)) ? 1 : 0;
        }
        assertThat(compared).as("graphs with forward and backward outputs").isGreaterThan(count / 2);
    }

    private static boolean check(long seed, Graph graph) {
        JointGraph joint = joint(seed, graph);
        if (joint.forward().isEmpty() || joint.backward().isEmpty()) {
            return false;
        }
        Map<String, Long> sizes = new LinkedHashMap<>();
        graph.shapes().symbols().forEach((ShapeEnv.Symbol s) -> sizes.put(s.name(), s.hint()));
        Map<String, ConstantValue> inputs = RandomGraph.inputs(graph, sizes, seed);
        Map<String, ConstantValue> expected;
        try {
            expected = Interpreter.run(joint.graph(), inputs);
        } catch (KilnException.BadInput e) {
            return false;
        }
        Set<String> seen = new HashSet<>();
        PARTITIONERS.forEach((name, partitioner) -> {
            String what = "seed " + seed + ", " + name;
            Partition partition = partitioner.partition(joint);
            if (!seen.add(partition.saved() + partition.backward().toString())) {
                return;
            }
            GraphVerifier.verify(partition.forward(), what + ", forward");
            GraphVerifier.verify(partition.backward(), what + ", backward");
            compare(what + "\n" + joint.graph() + partition.forward() + partition.backward(),
                run(joint, partition, inputs), expected);
        });
        return true;
    }

    /**
     * Outputs that do not depend on the tangent are the forward graph's, some of them gradients too. What has an open
     * size that the tangent alone gives depends on it: a forward graph gets its sizes from its own inputs.
     */
    private static JointGraph joint(long seed, Graph graph) {
        Random random = new Random(seed);
        List<Node.Placeholder> inputs = graph.placeholders();
        Node.Placeholder tangent = inputs.get(random.nextInt(inputs.size()));
        Set<String> known = new HashSet<>();
        inputs.stream().filter(p -> p != tangent).forEach(p -> known.addAll(symbols(p.tensor())));
        Set<String> dependent = new HashSet<>(Set.of(tangent.name()));
        graph.calls().stream().filter(c -> c.inputs().stream().anyMatch(r -> dependent.contains(r.node()))
                || c.outputs().stream().anyMatch(o -> !known.containsAll(symbols(o))))
            .forEach(c -> dependent.add(c.name()));
        List<Graph.Output> forward = new ArrayList<>();
        List<Graph.Output> backward = new ArrayList<>();
        for (Graph.Output output : graph.outputs()) {
            boolean late = dependent.contains(output.value().node());
            (late || random.nextInt(4) == 0 ? backward : forward).add(output);
            if (!late && random.nextInt(4) == 0) {
                backward.add(new Graph.Output("again_" + output.name(), output.value()));
            }
        }
        int split = forward.size();
        forward.addAll(backward);
        return new JointGraph(new Graph(graph.nodes(), forward, graph.shapes()), split,
            List.of(new JointGraph.Tangent(0, tangent.source())), backward.stream().map(Graph.Output::name).toList());
    }

    private static Set<String> symbols(FakeTensor tensor) {
        return tensor.sizes().stream().flatMap(s -> s.symbols().stream()).collect(Collectors.toSet());
    }

    private static Map<String, ConstantValue> run(JointGraph joint, Partition partition,
            Map<String, ConstantValue> inputs) {
        Map<String, ConstantValue> primals = new LinkedHashMap<>(inputs);
        joint.tangents().forEach(t -> primals.remove(t.source()));
        Map<String, ConstantValue> forward = Interpreter.run(partition.forward(), primals);
        Map<String, ConstantValue> known = new LinkedHashMap<>();
        partition.saved().forEach(s -> known.put(s, primals.containsKey(s) ? primals.get(s) : forward.get(s)));
        joint.tangents().forEach(t -> known.put(t.source(), inputs.get(t.source())));
        assertThat(partition.backward().placeholders().stream().map(Node.Placeholder::source))
            .containsExactlyElementsOf(known.keySet());
        Map<String, ConstantValue> all = new LinkedHashMap<>(forward);
        partition.saved().forEach(all::remove);
        all.putAll(Interpreter.run(partition.backward(), known));
        return all;
    }

    private static void compare(String what, Map<String, ConstantValue> actual, Map<String, ConstantValue> expected) {
        assertThat(actual.keySet()).as(what).containsExactlyElementsOf(expected.keySet());
        expected.forEach((name, value) -> {
            assertThat(actual.get(name).sizes()).as("%s of %s", name, what).isEqualTo(value.sizes());
            assertThat(actual.get(name).data().mismatch(value.data())).as("%s of %s", name, what).isEqualTo(-1);
        });
    }
}
