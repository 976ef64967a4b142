package dev.kiln.stages.trace.onnx;

import static dev.kiln.stages.trace.onnx.TinyModel.dims;
import static dev.kiln.stages.trace.onnx.TinyModel.doubles;
import static dev.kiln.stages.trace.onnx.TinyModel.iota;
import static dev.kiln.stages.trace.onnx.TinyModel.longs;
import static dev.kiln.stages.trace.onnx.TinyModel.vector;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Graph;
import org.junit.jupiter.api.Test;

class ShapeFoldingTest {
    private static TinyModel dynamic() {
        return new TinyModel(13).input("x", DType.F32, "batch", "time", 6)
            .initializer("zero", longs(dims(), 0))
            .initializer("one", longs(dims(), 1)).initializer("two", longs(dims(), 2))
            .initializer("axis0", vector(0))
            .initializer("minus1", vector(-1)).node("Shape", "x", "shape")
            .node("Gather", "shape zero", "batch0")
            .node("Gather", "shape one", "time0").node("Gather", "shape two", "width0");
    }

    private static String shapeOf(Graph graph) {
        return graph.tensor(graph.outputs().getFirst().value()).toString();
    }

    @Test
    void arithmeticOnSizesStaysSymbolic() {
        TinyModel model = dynamic().node("Mul", "batch0 time0", "rows0").node("Div", "width0 two", "half0")
            .node("Unsqueeze", "rows0 axis0", "rows").node("Unsqueeze", "half0 axis0", "half")
            .initializer("pair", vector(2)).node("Concat", "rows half pair", "target", "axis", 0)
            .node("Reshape", "x target", "y").output("y");
        Graph graph = model.imported();
        assertThat(shapeOf(graph)).isEqualTo("f32[s0*s1, 3, 2]");
        assertThat(graph.calls()).hasSize(1);
        assertThat(graph.shapes().guards()).isEmpty();
    }

    /** The idiom of exporters for expand: -1 in the wanted shape means the tensor's own size. */
    @Test
    void whereAndEqualOnShapes() {
        TinyModel model = dynamic().initializer("wanted", vector(-1, -1, 6)).initializer("hole", vector(-1))
            .node("Equal", "wanted hole", "holes").initializer("ones", vector(1, 1, 1))
            .node("Where", "holes ones wanted", "target").node("Expand", "x target", "y").output("y");
        Graph graph = model.imported();
        assertThat(graph.calls()).isEmpty();
        assertThat(shapeOf(graph)).isEqualTo("f32[s0, s1, 6]");
    }

    @Test
    void sizesThatATensorOpReadsBecomeNodes() {
        TinyModel model = dynamic().node("Cast", "time0", "length", "to", TinyModel.code(DType.F32))
            .node("Div", "x length", "y").output("y", "shape");
        Graph graph = model.imported();
        assertThat(graph.calls()).extracting(c -> c.op().packet()).contains("full", "div", "cat");
        var results = model.run(iota(1, 2, 6));
        assertThat(doubles(results.getFirst())).startsWith(0, 0.5, 1);
        assertThat(doubles(results.getLast())).containsExactly(1, 2, 6);
    }

    @Test
    void slicesReductionsAndExtremes() {
        TinyModel model = dynamic().initializer("last", vector(Long.MAX_VALUE))
            .initializer("from", vector(-2))
            .node("Slice", "shape from last", "tail").node("ReduceProd", "tail", "count", "keepdims", 1)
            .node("Max", "count one", "most").node("Concat", "minus1 most", "target", "axis", 0)
            .node("Reshape", "x target", "y").output("y");
        Graph graph = model.imported();
        assertThat(graph.calls()).extracting(c -> c.op().packet()).containsExactly("reshape");
        assertThat(doubles(model.run(iota(2, 2, 6)).getFirst())).hasSize(24);
    }

    @Test
    void comparisonsThatRangesDoNotDecideAreGuarded() {
        TinyModel model = dynamic().node("Greater", "time0 two", "long").node("Where", "long two one", "step")
            .node("Unsqueeze", "step axis0", "repeat").initializer("ones", vector(1, 1))
            .node("Concat", "repeat ones", "repeats", "axis", 0).node("Tile", "x repeats", "y").output("y");
        Graph graph = model.imported();
        assertThat(shapeOf(graph)).isEqualTo("f32[2*s0, s1, 6]");
        assertThat(graph.shapes().guards()).hasToString("[2 < s1]");
    }

    /** PyTorch lists pads from the last dimension on, in pairs; its exporter turns them around. */
    @Test
    void pairsOfPadsAreTurnedAround() {
        TinyModel model = dynamic().initializer("pairs", vector(-1, 2)).initializer("least", vector(-Long.MAX_VALUE))
            .node("Sub", "time0 width0", "missing").node("Div", "missing two", "half")
            .node("Unsqueeze", "half axis0", "half1").initializer("last", vector(0, 1)).initializer("none", vector(0, 0))
            .node("Concat", "last half1 half1 none", "pads", "axis", 0).node("Reshape", "pads pairs", "rows")
            .node("Slice", "rows minus1 least axis0 minus1", "reversed").node("Transpose", "reversed", "columns")
            .node("Reshape", "columns minus1", "flat").node("Pad", "x flat", "y").output("y");
        Graph graph = model.imported();
        assertThat(shapeOf(graph)).isEqualTo("f32[s0, 2*floordiv(s1, 2) + s1 - 6, 7]");
        assertThat(graph.shapes().guards()).hasToString("[6 <= s1]");
    }

    @Test
    void divisionOfWhatMayBeNegativeIsTowardsZero() {
        TinyModel model = dynamic().node("Sub", "two time0", "less").node("Div", "less two", "y").output("y");
        assertThat(doubles(model.run(iota(1, 5, 6)).getFirst())).containsExactly(-1);
        assertThat(model.imported().shapes().guards()).hasToString("[2 < s1]");
    }
}
