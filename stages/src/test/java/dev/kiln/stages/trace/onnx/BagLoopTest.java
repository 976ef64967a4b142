package dev.kiln.stages.trace.onnx;

import static dev.kiln.stages.trace.onnx.TinyModel.dims;
import static dev.kiln.stages.trace.onnx.TinyModel.doubles;
import static dev.kiln.stages.trace.onnx.TinyModel.fill;
import static dev.kiln.stages.trace.onnx.TinyModel.floats;
import static dev.kiln.stages.trace.onnx.TinyModel.longs;
import static dev.kiln.stages.trace.onnx.TinyModel.vector;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.GraphProto;
import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.ConstantValue;
import org.junit.jupiter.api.Test;

/** Loops as PyTorch writes them for an EmbeddingBag whose number of bags is open. */
class BagLoopTest {
    /** What an iteration does with the rows that it looks up. */
    private static GraphProto body(String fold, boolean scaled) {
        TinyModel body = new TinyModel(16).input("i", DType.I64).input("go", DType.BOOL)
            .node("Constant", "", "zero_b", "value", longs(dims(1), 0))
            .node("Constant", "", "one_b", "value", longs(dims(1), 1))
            .node("Gather", "offsets i", "start").node("Unsqueeze", "start zero_b", "from")
            .node("Gather", "tail i", "end").node("Unsqueeze", "end zero_b", "to")
            .node("Slice", "flat from to zero_b", "own").node("Gather", "table own", "looked");
        if (scaled) {
            body.node("Slice", "scales from to zero_b", "some").node("Unsqueeze", "some one_b", "column")
                .node("Mul", "looked column", "rows");
        } else {
            body.node("Identity", "looked", "rows");
        }
        String rows = scaled ? "rows" : "looked";
        if (fold.equals("ReduceSum")) {
            body.node(fold, rows + " zero_b", "row", "keepdims", 0);
        } else {
            body.node(fold, rows, "row", "keepdims", 0, "axes", new long[] {0});
        }
        return body.node("Cast", "yes", "go_on", "to", TinyModel.code(DType.BOOL)).output("go_on", "row").graph().build();
    }

    /** The vector of offsets gets the number of indices at its end. */
    private static TinyModel loop(TinyModel model, GraphProto body) {
        return model.initializer("table", floats(dims(4, 2), 1, 10, 2, 20, 3, 30, 4, 40))
            .initializer("yes", fill(DType.BOOL, dims(), 1)).initializer("zero", longs(dims(1), 0))
            .initializer("first", longs(dims(), 0)).initializer("one", longs(dims(1), 1))
            .initializer("far", longs(dims(1), Long.MAX_VALUE))
            .node("Shape", "flat", "n").node("Concat", "begins n", "offsets", "axis", 0)
            .node("Slice", "offsets one far zero", "tail").node("Shape", "tail", "tail_shape")
            .node("Gather", "tail_shape first", "trips").node("Loop", "trips yes", "y", "body", body).output("y");
    }

    /** Indices of one length a bag: the offsets are a range. */
    private static TinyModel even(String fold, Object... sizes) {
        TinyModel model = new TinyModel(16).input("ids", DType.I64, sizes)
            .initializer("start", longs(dims(), 0)).initializer("second", longs(dims(), 1))
            .initializer("all", longs(dims(1), -1))
            .node("Reshape", "ids all", "flat").node("Shape", "ids", "ids_shape")
            .node("ReduceProd", "ids_shape", "count", "keepdims", 0).node("Gather", "ids_shape second", "length")
            .node("Range", "start count length", "begins");
        return loop(model, body(fold, false));
    }

    private static TinyModel given(String fold, boolean scaled, Object bags) {
        TinyModel model = new TinyModel(16).input("flat", DType.I64, "n").input("begins", DType.I64, bags);
        return loop(scaled ? model.input("scales", DType.F32, "n") : model, body(fold, scaled));
    }

    @Test
    void bagsOfOneLengthAreReducedAlongIt() {
        ConstantValue ids = longs(dims(3, 2), 0, 1, 2, 2, 3, 0);
        for (Object[] sizes : new Object[][] {{"b", "l"}, {"b", 2}, {3, "l"}, {3, 2}}) {
            assertThat(even("ReduceSum", sizes).imported().calls()).extracting(c -> c.op().name())
                .contains("aten.embedding.default", "aten.sum.dim_IntList")
                .doesNotContain("aten._embedding_bag.default", "aten.select.int");
            assertThat(doubles(even("ReduceSum", sizes).run(ids).getFirst())).containsExactly(3, 30, 6, 60, 5, 50);
            assertThat(doubles(even("ReduceMean", sizes).run(ids).getFirst())).containsExactly(1.5, 15, 3, 30, 2.5, 25);
            assertThat(doubles(even("ReduceMax", sizes).run(ids).getFirst())).containsExactly(2, 20, 3, 30, 4, 40);
        }
    }

    @Test
    void bagsBetweenOffsetsMayDifferInLength() {
        assertThat(doubles(given("ReduceSum", false, 4).run(vector(0, 1, 2, 2, 3), vector(0, 1, 1, 4)).getFirst()))
            .containsExactly(1, 10, 0, 0, 8, 80, 4, 40);
        assertThat(doubles(given("ReduceMax", false, "b").run(vector(0, 1, 2, 2, 3), vector(0, 4)).getFirst()))
            .containsExactly(3, 30, 4, 40);
    }

    @Test
    void rowsMayBeScaled() {
        assertThat(doubles(given("ReduceSum", true, "b")
            .run(vector(0, 1, 2), vector(0, 2), floats(dims(3), 1, 2, -1)).getFirst()))
            .containsExactly(5, 50, -3, -30);
    }

    @Test
    void otherLoopsNeedAKnownTripCount() {
        GraphProto other = new TinyModel(16).input("i", DType.I64).input("go", DType.BOOL)
            .node("Gather", "flat i", "row").node("Identity", "go", "go_on").output("go_on", "row").graph().build();
        TinyModel model = loop(new TinyModel(16).input("flat", DType.I64, "n").input("begins", DType.I64, "b"), other);
        assertThatThrownBy(model::imported).isInstanceOf(KilnException.Unsupported.class)
            .hasMessageContaining("the trip count is the open size s1; loops need a known one: fix the size");
    }
}
