package dev.kiln.ops.decompose;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.schema.OpKind;
import dev.kiln.ops.schema.OpOverload;
import dev.kiln.ops.schema.OpTable;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import java.util.List;
import org.junit.jupiter.api.Test;

class DecompositionsTest {
    @Test
    void everyOpIsNamedByNamespacePacketAndOverload() {
        assertThat(OpTable.all()).allMatch(op -> op.name().split("\\.").length == 3);
    }

    @Test
    void everyCompositeOpHasOne() {
        List<String> missing = OpTable.all().stream().filter(op -> op.kind() == OpKind.COMPOSITE)
            .filter(op -> Decompositions.find(op).isEmpty()).map(OpOverload::name).toList();
        assertThat(missing).isEmpty();
    }

    @Test
    void meanDividesByASymbolicCount() {
        ShapeEnv shapes = new ShapeEnv();
        SymInt s0 = shapes.define(new ShapeEnv.Symbol("s0", 1, Long.MAX_VALUE, 8));
        Graph graph = decomposed(shapes, "aten.mean.dim",
            FakeTensor.contiguous(DType.F32, List.of(s0, SymInt.of(4))),
            Arg.ints(0, -1), new Arg.Bool(false));
        assertThat(graph.toString()).contains("aten.sum.dim_IntList(%x, [0, -1], false, none) : f32[]")
            .contains("aten.div.Scalar(%sum, 4*s0) : f32[]");
        assertThat(graph.shapes().guards()).isEmpty();
    }

    @Test
    void matmulFoldsTheBatchIntoTheRows() {
        ShapeEnv shapes = new ShapeEnv();
        SymInt s0 = shapes.define(new ShapeEnv.Symbol("s0", 2, Long.MAX_VALUE, 8));
        GraphBuilder g = new GraphBuilder(shapes);
        Arg.Ref x = g.placeholder("x",
            FakeTensor.contiguous(DType.F32, List.of(s0, SymInt.of(3), SymInt.of(4))));
        Arg.Ref w = g.placeholder("w", FakeTensor.contiguous(DType.F32, 4, 5));
        apply(g, OpTable.get("aten.matmul.default"), List.of(x, w));
        assertThat(g.build().toString()).contains("aten.view.default(%x, [3*s0, "
            + "4])").contains("aten.mm.default")
            .contains("f32[s0, 3, 5]").doesNotContain("bmm");
    }

    @Test
    void halfPrecisionSoftmaxIsComputedInSingle() {
        Graph graph = decomposed(new ShapeEnv(), "aten._softmax.default",
            FakeTensor.contiguous(DType.BF16, 2, 3),
            Arg.of(-1), new Arg.Bool(false));
        assertThat(graph.calls().getFirst().is("aten._to_copy.default")).isTrue();
        assertThat(graph.calls().getLast().output(0).dtype()).isEqualTo(DType.BF16);
        assertThat(graph.calls().subList(0, 6)).extracting(c -> c.output(0).dtype()).containsOnly(DType.F32);
    }

    @Test
    void refusesAnUnknownPaddingModeOfGrids() {
        GraphBuilder g = new GraphBuilder(new ShapeEnv());
        Arg.Ref image = g.placeholder("image", FakeTensor.contiguous(DType.F32, 1, 2, 3, 3));
        Arg.Ref grid = g.placeholder("grid", FakeTensor.contiguous(DType.F32, 1, 4, 4, 2));
        List<Arg> args = List.of(image, grid, Arg.of(0), Arg.of(3), new Arg.Bool(false));
        assertThatThrownBy(() -> apply(g, OpTable.get("aten.grid_sampler_2d.default"), args))
            .isInstanceOf(KilnException.BadInput.class)
            .hasMessageContaining("padding mode must be 0 (zeros), 1 (border) or 2 (reflection), is 3");
    }

    private static Graph decomposed(ShapeEnv shapes, String name, FakeTensor input, Arg... more) {
        GraphBuilder g = new GraphBuilder(shapes);
        List<Arg> args = new java.util.ArrayList<>(List.of(g.placeholder("x", input)));
        args.addAll(List.of(more));
        apply(g, OpTable.get(name), args);
        return g.build();
    }

    private static void apply(GraphBuilder g, OpOverload op, List<Arg> args) {
        OpArgs complete = new OpArgs(op.schema(), op.schema().complete(args), g::tensor, g.shapes());
        List<Arg.Ref> results = Decompositions.find(op).orElseThrow().apply(g, complete);
        List<FakeTensor> inferred = op.shape().infer(complete);
        for (int i = 0; i < results.size(); i++) {
            Node node = g.node(results.get(i));
            assertThat(node.output(results.get(i).output()).sizes()).isEqualTo(inferred.get(i).sizes());
        }
    }
}
