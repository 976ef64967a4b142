package dev.kiln.stages.trace.onnx;

import static dev.kiln.stages.trace.onnx.TinyModel.dims;
import static dev.kiln.stages.trace.onnx.TinyModel.doubles;
import static dev.kiln.stages.trace.onnx.TinyModel.fill;
import static dev.kiln.stages.trace.onnx.TinyModel.floats;
import static dev.kiln.stages.trace.onnx.TinyModel.iota;
import static dev.kiln.stages.trace.onnx.TinyModel.longs;
import static dev.kiln.stages.trace.onnx.TinyModel.runNode;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.GraphProto;
import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.ConstantValue;
import java.util.List;
import org.junit.jupiter.api.Test;

class ControlImportsTest {
    private static GraphProto branch(String op, String output) {
        TinyModel branch = new TinyModel(13).node(op, "x", output).output(output);
        return branch.graph().build();
    }

    @Test
    void aBranchThatShapesDecideIsInlined() {
        TinyModel model = new TinyModel(13).input("x", DType.F32, 1, 2).node("Shape", "x", "shape")
            .initializer("zero", longs(dims(), 0)).initializer("one", longs(dims(), 1))
            .node("Gather", "shape zero", "n").node("Equal", "n one", "single")
            .node("If", "single", "y", "then_branch", branch("Neg", "t"), "else_branch", branch("Foo", "e"))
            .output("y");
        assertThat(model.imported().calls()).extracting(c -> c.op().name())
            .containsExactly("aten.neg.default");
        assertThat(doubles(model.run(floats(dims(1, 2), 1, -2)).getFirst())).containsExactly(-1, 2);
    }

    @Test
    void aBranchThatDataDecidesIsSelected() {
        TinyModel model = new TinyModel(13).input("x", DType.F32, 2).input("c", DType.BOOL)
            .node("If", "c", "y", "then_branch", branch("Neg", "t"), "else_branch", branch("Abs", "e"))
            .output("y");
        assertThat(doubles(model.run(floats(dims(2), 1, -2), fill(DType.BOOL, dims(), 1)).getFirst()))
            .containsExactly(-1, 2);
        assertThat(doubles(model.run(floats(dims(2), 1, -2), fill(DType.BOOL, dims(), 0)).getFirst()))
            .containsExactly(1, 2);
    }

    @Test
    void branchesOfDifferentSizesGiveASizeThatDataDecides() {
        TinyModel longer = new TinyModel(13).node("Concat", "x x", "t", "axis", 0).output("t");
        TinyModel model = new TinyModel(13).input("x", DType.F32, 2).input("c", DType.BOOL)
            .node("If", "c", "y", "then_branch", longer.graph().build(), "else_branch", branch("Abs", "e"))
            .output("y");
        assertThat(doubles(model.run(floats(dims(2), 1, -2), fill(DType.BOOL, dims(), 1)).getFirst()))
            .containsExactly(1, -2, 1, -2);
        assertThat(doubles(model.run(floats(dims(2), 1, -2), fill(DType.BOOL, dims(), 0)).getFirst()))
            .containsExactly(1, 2);
    }

    /** As an exporter writes {@code x[x > 0]} with another result for none: the condition is a size that data decides. */
    @Test
    void aConditionMayBeASizeThatDataDecides() {
        TinyModel none = new TinyModel(13).initializer("t", floats(dims(0)));
        TinyModel some = new TinyModel(13).node("Add", "p one", "e").output("e");
        TinyModel model = new TinyModel(13).input("x", DType.F32, 4)
            .initializer("zero", floats(dims(), 0)).initializer("one", floats(dims(), 1))
            .initializer("nothing", longs(dims(), 0))
            .node("Greater", "x zero", "m").node("Compress", "x m", "p", "axis", 0).node("Shape", "p", "s")
            .node("ReduceProd", "s", "count", "keepdims", 0).node("Equal", "count nothing", "equal")
            .node("Cast", "count", "any", "to", TinyModel.code(DType.BOOL)).node("Not", "any", "none")
            .node("And", "equal none", "c")
            .node("If", "c", "y", "then_branch", none.output("t").graph().build(), "else_branch",
                some.graph().build())
            .output("y");
        assertThat(doubles(model.run(floats(dims(4), 1, -2, 3, 5)).getFirst())).containsExactly(2, 4, 6);
        assertThat(doubles(model.run(floats(dims(4), -1, -2, -3, -5)).getFirst())).isEmpty();
    }

    @Test
    void aSizeOfDataThatMayBeSqueezedIsTakenNotToBeOne() {
        TinyModel squeezed = new TinyModel(13).initializer("axis", longs(dims(1), 0)).node("Squeeze", "p axis", "t");
        GraphProto kept = new TinyModel(13).node("Identity", "p", "e").output("e").graph().build();
        TinyModel model = new TinyModel(13).input("x", DType.F32, 4)
            .initializer("zero", floats(dims(), 0)).initializer("first", longs(dims(1), 0))
            .initializer("one", longs(dims(1), 1))
            .node("Greater", "x zero", "m").node("Compress", "x m", "p", "axis", 0).node("Shape", "p", "s")
            .node("Gather", "s first", "n").node("Equal", "n one", "c")
            .node("If", "c", "y", "then_branch", squeezed.output("t").graph().build(), "else_branch", kept)
            .output("y");
        assertThat(model.imported().shapes().assertions()).extracting(Object::toString).containsExactly("u0 != 1");
        assertThat(doubles(model.run(floats(dims(4), 1, -2, 3, 5)).getFirst())).containsExactly(1, 3, 5);
    }

    @Test
    void rejectsBranchesOfDifferentRanks() {
        TinyModel flat = new TinyModel(13).initializer("all", longs(dims(1), -1)).node("Reshape", "x all", "e");
        TinyModel model = new TinyModel(13).input("x", DType.F32, 1, 2).input("c", DType.BOOL)
            .node("If", "c", "y", "then_branch", branch("Neg", "t"), "else_branch", flat.output("e").graph().build())
            .output("y");
        assertThatThrownBy(model::imported).isInstanceOf(KilnException.Unsupported.class)
            .hasMessageContaining("only results of one type and number of dimensions are supported");
    }

    /** y = 2 * y while the condition holds, at most the given times; also gives every y. */
    private static GraphProto doubling(boolean stopsAbove, boolean scans) {
        TinyModel body = new TinyModel(13).input("i", DType.I64).input("go", DType.BOOL).input("y_in", DType.F32, 2)
            .node("Add", "y_in y_in", "y_out");
        if (stopsAbove) {
            body.node("ReduceMax", "y_out", "top", "keepdims", 0).initializer("ten", floats(dims(), 10))
                .node("Less", "top ten", "go_on");
        } else {
            body.node("Identity", "go", "go_on");
        }
        if (scans) {
            body.node("Identity", "y_out", "each");
        }
        return (scans ? body.output("go_on", "y_out", "each") : body.output("go_on", "y_out")).graph().build();
    }

    private static TinyModel loop(GraphProto body, String outputs, long trips) {
        return new TinyModel(13).input("x", DType.F32, 2).initializer("trips", longs(dims(), trips))
            .initializer("go_first", fill(DType.BOOL, dims(), 1))
            .node("Loop", "trips go_first x", outputs, "body", body).output(outputs.split(" "));
    }

    @Test
    void aLoopOfAKnownCountIsUnrolled() {
        TinyModel model = loop(doubling(false, true), "y all", 3);
        List<ConstantValue> results = model.run(floats(dims(2), 1, -1));
        assertThat(doubles(results.getFirst())).containsExactly(8, -8);
        assertThat(results.getLast().sizes()).containsExactly(3L, 2L);
        assertThat(doubles(results.getLast())).containsExactly(2, -2, 4, -4, 8, -8);
    }

    @Test
    void aLoopThatDataEndsKeepsItsState() {
        TinyModel model = loop(doubling(true, false), "y", 6);
        assertThat(doubles(model.run(floats(dims(2), 1, 3)).getFirst())).containsExactly(4, 12);
        assertThat(doubles(model.run(floats(dims(2), 1, 0)).getFirst())).containsExactly(16, 0);
    }

    @Test
    void rejectsALoopThatDataEndsAndThatScans() {
        assertThatThrownBy(loop(doubling(true, true), "y all", 6)::imported)
            .isInstanceOf(KilnException.Unsupported.class).hasMessageContaining("without scan outputs");
    }

    /** Running sums, over the columns from the last to the first. */
    @Test
    void scansAlongAnAxisInReverse() {
        GraphProto body = new TinyModel(13).input("sum_in", DType.F32, 2).input("x_t", DType.F32, 2)
            .node("Add", "sum_in x_t", "sum_out").node("Identity", "sum_out", "y_t").output("sum_out", "y_t")
            .graph().build();
        TinyModel model = new TinyModel(13).input("x", DType.F32, 2, 3).initializer("zeros", floats(dims(2), 0, 0))
            .node("Scan", "zeros x", "last y", "body", body, "num_scan_inputs", 1, "scan_input_axes",
                new long[] {1}, "scan_input_directions", new long[] {1}, "scan_output_axes", new long[] {1},
                "scan_output_directions", new long[] {1})
            .output("last", "y");
        List<ConstantValue> results = model.run(floats(dims(2, 3), 1, 2, 3, 4, 5, 6));
        assertThat(doubles(results.getFirst())).containsExactly(6, 15);
        assertThat(doubles(results.getLast())).containsExactly(6, 5, 3, 15, 11, 6);
    }

    /** Opset 6 aligned the second operand at an axis. */
    @Test
    void oldBroadcastsTakeAnAxis() {
        assertThat(doubles(runNode(6, "Add", "a b", "y", List.of("broadcast", 1, "axis", 0), iota(2, 2),
            floats(dims(2), 10, 20)).getFirst())).containsExactly(10, 11, 22, 23);
    }
}
