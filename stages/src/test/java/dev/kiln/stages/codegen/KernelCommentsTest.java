package dev.kiln.stages.codegen;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.stages.codegen.KernelComments.Origin;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a kernel's comment says of where it comes from. */
class KernelCommentsTest {
    /** zebra: x * 2 (returned, and read twice); apple: relu; zebra again: softmax, which decomposes. */
    private static Graph graph() {
        GraphBuilder g = new GraphBuilder(new ShapeEnv());
        Arg.Ref x = g.placeholder("x", FakeTensor.contiguous(DType.F32, 4, 8));
        Arg.Ref doubled = g.from(List.of("zebra")).call("aten.mul.Scalar", x, 2);
        Arg.Ref relu = g.from(List.of("apple")).call("aten.relu.default", doubled);
        Arg.Ref sum = g.from(List.of("zebra", "mango")).call("aten.add.Tensor", relu, doubled);
        g.output("doubled", doubled);
        g.output("y", g.from(List.of("zebra")).call("aten.softmax.int", sum, 1, null));
        return g.build();
    }

    @Test
    void nodesOfOneGraphAreSortedTopologically() {
        String comment = KernelComments.comment("k", graph(), List.of("add", "mul", "relu"));
        assertThat(comment).isEqualTo("""
            // k
            // Topologically Sorted Source Nodes: [zebra, apple, mango], Original ATen: [aten.mul, aten.relu, aten.add]
            // Source node to ATen node mapping:
            //   apple => relu
            //   mango => add
            //   zebra => add, mul
            // Graph fragment:
            //   %mul : [num_users=3] = aten.mul.Scalar(%x, 2) : f32[4, 8]
            //   %relu : [num_users=1] = aten.relu.default(%mul) : f32[4, 8]
            //   %add : [num_users=1] = aten.add.Tensor(%relu, %mul, 1) : f32[4, 8]
            """);
    }

    @Test
    void nodesOfSeveralGraphsAreNot() {
        Graph one = graph();
        Graph other = graph();
        String comment = KernelComments.comment("k",
            List.of(new Origin(one, "add"), new Origin(other, "relu"), new Origin(one, "mul")));
        assertThat(comment).isEqualTo("""
            // k
            // Unsorted Source Nodes: [zebra, mango, apple], Original ATen: [aten.add, aten.relu, aten.mul]
            // Source node to ATen node mapping:
            //   apple => relu
            //   mango => add
            //   zebra => add, mul
            """);
    }

    @Test
    void decomposedCallsNameTheOpThatTheUserWrote() {
        String code = BatchedGraph.of(graph(), CpuInfo.detect().bestIsa()).loops();
        assertThat(code).contains("Original ATen: [aten.mul, aten.relu, aten.add, aten.softmax]")
            .contains("Source Nodes: [zebra, apple, mango]").contains("= aten.exp.default(");
        assertThat(code.lines().filter(l -> l.startsWith("//   zebra => "))).anySatisfy(
            l -> assertThat(l).contains("exp"));
    }
}
