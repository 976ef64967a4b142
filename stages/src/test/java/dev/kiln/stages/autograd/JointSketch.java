package dev.kiln.stages.autograd;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** A joint graph written by hand. */
final class JointSketch {
    final GraphBuilder builder = new GraphBuilder(new ShapeEnv());
    private final List<Graph.Output> forward = new ArrayList<>();
    private final List<Graph.Output> backward = new ArrayList<>();
    private final List<JointGraph.Tangent> tangents = new ArrayList<>();

    Arg.Ref primal(String name, Object... sizes) {
        return builder.placeholder(name, FakeTensor.contiguous(DType.F32, Stream.of(sizes)
            .map(s -> s instanceof SymInt size ? size : SymInt.of((int) s)).toList()));
    }

    Arg.Ref call(String op, Object... args) {
        return builder.call("aten." + op, args);
    }

    Arg.Ref unary(String op, Arg.Ref x) {
        return call(op + ".default", x);
    }

    Arg.Ref mul(Arg.Ref x, Arg.Ref y) {
        return call("mul.Tensor", x, y);
    }

    /** Gives a value out and takes a gradient of it in. */
    Arg.Ref tangentOf(Arg.Ref output) {
        String source = JointGraph.TANGENT + forward.size();
        tangents.add(new JointGraph.Tangent(forward.size(), source));
        forward.add(new Graph.Output("y" + forward.size(), output));
        FakeTensor tensor = builder.tensor(output);
        return builder.placeholder(source, tensor.fresh(tensor.sizes()));
    }

    void gradient(String primal, Arg.Ref value) {
        backward.add(new Graph.Output(JointGraph.GRADIENT + primal, value));
    }

    JointGraph build() {
        List<Graph.Output> outputs = new ArrayList<>(forward);
        outputs.addAll(backward);
        return new JointGraph(new Graph(builder.build().nodes(), outputs, builder.shapes()), forward.size(), tangents,
            backward.stream().map(o -> o.name().substring(JointGraph.GRADIENT.length())).toList());
    }

    Partition cut(double budget) {
        return new MinCutPartitioner(PartitionOptions.defaults().withActivationMemoryBudget(budget)).partition(build());
    }

    Partition keepAll() {
        return new DefaultPartitioner().partition(build());
    }

    static List<String> ops(Graph graph) {
        return graph.calls().stream().map(c -> c.op().packet()).toList();
    }

    /** Names of what is saved besides inputs. */
    static List<String> computed(Partition partition) {
        List<String> primals = partition.forward().placeholders().stream().map(Node.Placeholder::source).toList();
        return partition.saved().stream().filter(s -> !primals.contains(s)).toList();
    }

    /** Bytes of what is saved besides inputs, by the hints of open sizes. */
    static long bytes(Partition partition) {
        List<String> computed = computed(partition);
        return bytes(partition, computed);
    }

    static long allBytes(Partition partition) {
        return bytes(partition, partition.saved());
    }

    private static long bytes(Partition partition, List<String> sources) {
        Graph graph = partition.backward();
        return graph.placeholders().stream().filter(p -> sources.contains(p.source()))
            .mapToLong(p -> graph.shapes().hint(p.tensor().numel()) * p.tensor().dtype().bytes()).sum();
    }
}
