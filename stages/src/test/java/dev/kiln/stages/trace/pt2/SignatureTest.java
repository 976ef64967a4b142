package dev.kiln.stages.trace.pt2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.groups.Tuple.tuple;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Graph;
import dev.kiln.stages.trace.OpenSizes;
import dev.kiln.stages.trace.TraceOptions;
import dev.kiln.stages.trace.pt2.archive.ZipWriter.Style;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Inputs, outputs, symbols and ranges. */
class SignatureTest {
    private static final String S77 = "Symbol('s77', integer=True, positive=True)";

    @TempDir
    private static Path folder;

    private static Graph load(TinyProgram program) {
        return Pt2Files.load(folder, program);
    }

    private static Graph load(TinyProgram program, TraceOptions options) {
        return Pt2Importer.importModel(Pt2Files.write(folder, Containers.raw(program, Style.PLAIN)), options);
    }

    private static TinyProgram dynamic() {
        return TinyProgram.linear(S77).range("s77", 2L, 64L);
    }

    @Test
    void givesADynamicDimensionTheRangeOfTheExport() {
        Graph graph = load(dynamic());
        assertThat(graph.shapes().symbols()).extracting("name", "min", "max", "hint")
            .containsExactly(tuple("s0", 1L, 64L, 4L));
        assertThat(graph.shapes().guards()).isEmpty();
        assertThat(graph.tensor(graph.outputs().getFirst().value())).hasToString("f32[s0, 2]");
        assertThat(Pt2Files.run(graph, "relu", Map.of("x", Pt2Files.tensor(List.of(2L, 3L), 1, 1, 1, 0, 0, 10))))
            .containsExactly(16.0, 0.0, 40.0, 30.0);
    }

    @ParameterizedTest
    @ValueSource(longs = {4, 65})
    void refusesAnInputOutsideItsRange(long batch) {
        Graph graph = load(TinyProgram.linear(S77).range("s77", 5L, 64L));
        float[] values = new float[(int) batch * 3];
        assertThatThrownBy(() -> Pt2Files.run(graph, "relu", Map.of("x", Pt2Files.tensor(List.of(batch, 3L), values))))
            .isInstanceOf(KilnException.BadInput.class).hasMessageContaining("[5, 64]");
    }

    @Test
    void takesTheUsersHintAndPins() {
        assertThat(load(dynamic(), TraceOptions.NONE.withHint("x", 32, 3)).shapes().symbols())
            .extracting("hint").containsExactly(32L);
        Graph pinned = load(dynamic(), TraceOptions.NONE.withPin("x", 8, 3));
        assertThat(pinned.shapes().symbols()).isEmpty();
        assertThat(pinned.placeholders().getFirst().tensor()).hasToString("f32[8, 3]");
    }

    @Test
    void refusesPinsThatTheExportDoesNotAdmit() {
        assertThatThrownBy(() -> load(dynamic(), TraceOptions.NONE.withPin("x", 100, 3)))
            .hasMessageContaining("size s77 was exported for 1 to 64, not 100");
        assertThatThrownBy(() -> load(dynamic(), TraceOptions.NONE.withPin("x", 8, 4)))
            .hasMessageContaining("input \"x\" has shape [s77, 3], which does not admit [8, 4]");
        assertThatThrownBy(() -> load(dynamic(), TraceOptions.NONE.withPin("y", 8, 4)))
            .hasMessageContaining("there is no input \"y\"; the inputs are \"x\"");
    }

    @Test
    void keepsOpenWhatTheUserSays() {
        OpenSizes range = OpenSizes.DEFAULT.withRange("x", 0, new OpenSizes.Range(4, 100));
        assertThat(load(dynamic(), TraceOptions.NONE.withOpen(range)).shapes().symbols())
            .extracting("min", "max").containsExactly(tuple(4L, 64L));
        assertThat(load(dynamic(), TraceOptions.NONE.withOpen(range.withFixed(true))).shapes().symbols()).hasSize(1);
        Graph fixed = load(dynamic(), TraceOptions.NONE.withOpen(OpenSizes.DEFAULT.withFixed(true)));
        assertThat(fixed.placeholders().getFirst().tensor()).hasToString("f32[4, 3]");
        assertThatThrownBy(() -> load(dynamic(), TraceOptions.NONE.withOpen(
            OpenSizes.DEFAULT.withRange("x", 1, OpenSizes.Range.ANY))))
            .hasMessageContaining("input \"x\" has shape [s77, 3] in the export; dimension 1 cannot be kept open");
    }

    /** A size that follows from another input's. */
    @Test
    void derivesSizes() {
        TinyProgram program = new TinyProgram().input("y", "2*s1 + 1").input("x", "s1").range("s1", null, null)
            .node("cat.default", "out", "tensors", "{'as_tensors':[{'name':'x'},{'name':'y'}]}")
            .value(7, "out", "3*s1 + 1").output("out");
        Graph graph = load(program);
        assertThat(graph.placeholders()).extracting(p -> p.tensor().toString())
            .containsExactly("f32[2*s0 + 1]", "f32[s0]");
        assertThat(graph.tensor(graph.outputs().getFirst().value())).hasToString("f32[3*s0 + 1]");
        assertThatThrownBy(() -> Pt2Files.run(graph, "out", Map.of("x", Pt2Files.tensor(List.of(1L), 1),
            "y", Pt2Files.tensor(List.of(2L), 1, 2)))).isInstanceOf(KilnException.BadInput.class);
    }

    @Test
    void refusesASymbolThatNoInputGives() {
        TinyProgram program = new TinyProgram().input("x", "s1*s2")
            .node("relu.default", "out", "self", "%x").output("out");
        assertThatThrownBy(() -> load(program)).isInstanceOf(KilnException.Unsupported.class)
            .hasMessageContaining("symbol s1 is neither the size of an input's dimension");
    }

    @Test
    void readsConstantInputs() {
        TinyProgram program = new TinyProgram().input("x", 2)
            .spec("scale", "{'constant_input':{'name':'scale','value':{'as_int':3}}}")
            .spec("mode", "{'constant_input':{'name':'mode','value':{'as_string':'none'}}}")
            .spec("none", "{'constant_input':{'name':'none','value':{'as_none':true}}}")
            .node("mul.Scalar", "out", "self", "%x", "other", "{'as_int':3}").output("out");
        Graph graph = load(program);
        assertThat(graph.placeholders()).extracting("source").containsExactly("x");
        assertThat(Pt2Files.run(graph, "out", Map.of("x", Pt2Files.tensor(List.of(2L), 1, 2)))).containsExactly(3.0,
            6.0);
    }

    @Test
    void givesBackChangedBuffersBehindTheModelsOwnOutputs() {
        TinyProgram program = new TinyProgram().storage("s", 5).buffer("steps", true, "s", 1).input("x", 1)
            .node("add.Tensor", "add", "self", "%b_steps", "other", "{'as_int':1}")
            .node("mul.Tensor", "mul", "self", "%x", "other", "%b_steps")
            .output("{'as_tensor':{'name':'add'}}", "{'buffer_mutation':{'arg':{'name':'add'},'buffer_name':'steps'}}")
            .output("mul");
        Graph graph = load(program);
        assertThat(graph.outputs()).extracting("name").containsExactly("mul", "add");
        assertThat(Pt2Files.run(graph, "add", Map.of("x", Pt2Files.tensor(List.of(1L), 2)))).containsExactly(6.0);
    }

    @Test
    void namesOutputsByTheirValues() {
        TinyProgram program = new TinyProgram().input("x", 2).node("relu.default", "relu", "self", "%x")
            .output("relu").output("relu").output("x")
            .output("{'as_none':true}", "{'user_output':{'arg':{'as_none':true}}}")
            .output("{'as_int':7}", "{'user_output':{'arg':{'as_int':7}}}");
        Graph graph = load(program);
        assertThat(graph.outputs()).extracting("name").containsExactly("relu", "relu_1", "x", "output_3");
        assertThat(Pt2Files.run(graph, "output_3", Map.of("x", Pt2Files.tensor(List.of(2L), 1, 2))))
            .containsExactly(7.0);
    }

    @Test
    void keepsInputsThatNothingReads() {
        TinyProgram program = new TinyProgram().input("x", 2).input("unused", 3)
            .node("relu.default", "relu", "self", "%x").output("relu");
        assertThat(load(program).placeholders()).extracting("source").containsExactly("x", "unused");
    }
}
