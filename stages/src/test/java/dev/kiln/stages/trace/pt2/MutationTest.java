package dev.kiln.stages.trace.pt2;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Graphs of PyTorch's training IR, in which operators change tensors through views. */
class MutationTest {
    private static final ConstantValue X = Pt2Files.tensor(List.of(2L, 3L), 1, 2, 3, 4, 5, 6);

    @TempDir
    private static Path folder;

    /** A copy {@code c} of an input {@code x} of 2 x 3, whose metadata says that it is dense. */
    private static TinyProgram copy() {
        TinyProgram program = new TinyProgram().input("x", 2, 3).node("clone.default", "c", "self", "%x");
        ((ObjectNode) program.graph().get("tensor_values")).set("c",
            TinyProgram.meta(7, 0, List.of(2, 3), List.of(3L, 1L)));
        return program;
    }

    private static List<Double> run(TinyProgram program) {
        return Pt2Files.run(Pt2Files.load(folder, program), "out", Map.of("x", X));
    }

    private static TinyProgram zeroed(TinyProgram program, String view) {
        return program.node("zero_.default", "z", "self", "%" + view).node("neg.default", "out", "self", "%c")
            .output("out");
    }

    /** {@code c[:, 1:] = 0}: the whole tensor has the change. */
    @Test
    void writesThroughASlice() {
        assertThat(run(zeroed(copy().node("slice.Tensor", "v", "self", "%c", "dim", "{'as_int':1}", "start",
            "{'as_int':1}", "end", "{'as_int':9223372036854775807}"), "v")))
            .containsExactly(-1.0, -0.0, -0.0, -4.0, -0.0, -0.0);
    }

    /** {@code c[0][2] = 0}, {@code c.t()[1] = 0} and {@code c.view(6)[4:] = 0}: views of views. */
    @Test
    void writesThroughViewsOfViews() {
        assertThat(run(zeroed(copy().node("select.int", "a", "self", "%c", "dim", "{'as_int':0}", "index",
            "{'as_int':0}").node("select.int", "b", "self", "%a", "dim", "{'as_int':0}", "index", "{'as_int':2}"), "b")))
            .containsExactly(-1.0, -2.0, -0.0, -4.0, -5.0, -6.0);
        assertThat(run(zeroed(copy().node("t.default", "a", "self", "%c")
            .node("select.int", "b", "self", "%a", "dim", "{'as_int':0}", "index", "{'as_int':1}"), "b")))
            .containsExactly(-1.0, -0.0, -3.0, -4.0, -0.0, -6.0);
        assertThat(run(zeroed(copy().node("view.default", "a", "self", "%c", "size", "{'as_ints':[6]}")
            .node("narrow.default", "b", "self", "%a", "dim", "{'as_int':0}", "start", "{'as_int':4}", "length",
                "{'as_int':2}"), "b")))
            .containsExactly(-1.0, -2.0, -3.0, -4.0, -0.0, -0.0);
    }

    /** The second part of a split, the last of an unbind, a permuted and a diagonal view. */
    @Test
    void writesThroughPartsAndPermutations() {
        assertThat(run(zeroed(copy().call("torch.ops.aten.split.Tensor",
            "[{'as_tensors':[{'name':'p'},{'name':'q'}]}]", "self", "%c", "split_size", "{'as_int':2}", "dim",
            "{'as_int':-1}"), "q"))).containsExactly(-1.0, -2.0, -0.0, -4.0, -5.0, -0.0);
        assertThat(run(zeroed(copy().call("torch.ops.aten.unbind.int",
            "[{'as_tensors':[{'name':'p'},{'name':'q'}]}]", "self", "%c"), "q")))
            .containsExactly(-1.0, -2.0, -3.0, -0.0, -0.0, -0.0);
        assertThat(run(zeroed(copy().node("permute.default", "a", "self", "%c", "dims", "{'as_ints':[1,0]}")
            .node("diagonal.default", "b", "self", "%a"), "b"))).containsExactly(-0.0, -2.0, -3.0, -4.0, -0.0, -6.0);
    }

    /** A view that was taken before the change shows it. */
    @Test
    void takesViewsAnew() {
        TinyProgram program = copy().node("reshape.default", "flat", "self", "%c", "shape", "{'as_ints':[-1]}")
            .node("slice.Tensor", "v", "self", "%c", "dim", "{'as_int':0}", "start", "{'as_int':1}", "end",
                "{'as_int':2}")
            .node("fill_.Scalar", "f", "self", "%v", "value", "{'as_float':7.0}")
            .node("add_.Tensor", "g", "self", "%c", "other", "{'as_int':1}")
            .node("neg.default", "out", "self", "%flat").output("out");
        assertThat(run(program)).containsExactly(-2.0, -3.0, -4.0, -8.0, -8.0, -8.0);
    }

    /** A cache in a buffer, written through a slice, is given back whole. */
    @Test
    void givesBackABufferThatWasWrittenThroughAView() {
        TinyProgram program = new TinyProgram().storage("s", 1, 2, 3, 4).buffer("cache", true, "s", 4).input("x", 2)
            .node("slice.Tensor", "v", "self", "%b_cache", "dim", "{'as_int':0}", "start", "{'as_int':1}", "end",
                "{'as_int':3}")
            .node("copy_.default", "w", "self", "%v", "src", "%x")
            .node("sum.default", "out", "self", "%b_cache").output("out");
        Graph graph = Pt2Files.load(folder, program);
        assertThat(graph.outputs()).extracting("name").containsExactly("out", "b_cache");
        Map<String, ConstantValue> inputs = Map.of("x", Pt2Files.tensor(List.of(2L), 10, 20));
        assertThat(Pt2Files.run(graph, "b_cache", inputs)).containsExactly(1.0, 10.0, 20.0, 4.0);
        assertThat(Pt2Files.run(graph, "out", inputs)).containsExactly(35.0);
    }

    @Test
    void changesShapesAndBitsInPlace() {
        TinyProgram program = copy().node("unsqueeze_.default", "u", "self", "%c", "dim", "{'as_int':0}")
            .node("mul_.Tensor", "m", "self", "%c", "other", "{'as_int':2}")
            .node("squeeze.dim", "out", "self", "%u", "dim", "{'as_int':0}").output("out");
        assertThat(run(program)).containsExactly(2.0, 4.0, 6.0, 8.0, 10.0, 12.0);
        TinyProgram bits = new TinyProgram().input(5, "x", 2).node("clone.default", "c", "self", "%x")
            .node("__iand__.Tensor", "i", "self", "%c", "other", "%x")
            .node("__or__.Scalar", "out", "self", "%c", "other", "{'as_int':8}").value(5, "out", 2).output("out");
        Map<String, ConstantValue> inputs = Map.of("x", ConstantValue.longs(List.of(2L), 3, 9));
        assertThat(Pt2Files.run(Pt2Files.load(folder, bits), "out", inputs))
            .containsExactly(11.0, 9.0);
    }
}
