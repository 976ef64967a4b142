package dev.kiln.stages.trace.onnx;

import static dev.kiln.stages.trace.onnx.TinyModel.dims;
import static dev.kiln.stages.trace.onnx.TinyModel.doubles;
import static dev.kiln.stages.trace.onnx.TinyModel.floats;
import static dev.kiln.stages.trace.onnx.TinyModel.vector;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Graph;
import dev.kiln.stages.trace.TraceOptions;
import org.junit.jupiter.api.Test;

class GraphInputsTest {
    private static TinyModel sum() {
        return new TinyModel(13).input("x", DType.F32, "batch", "time", 4)
            .input("y", DType.F32, "batch", null, 4).node("Relu", "x", "z").output("z");
    }

    @Test
    void namedDimensionsShareASymbol() {
        Graph graph = sum().imported();
        assertThat(graph.placeholders()).extracting(p -> p.tensor().toString())
            .containsExactly("f32[s0, s1, 4]", "f32[s0, s2, 4]");
        assertThat(graph.shapes().symbols()).extracting("hint").containsExactly(8L, 128L, 128L);
    }

    @Test
    void hintsLeaveTheGraphGeneral() {
        Graph graph = sum().imported(TraceOptions.NONE.withHint("x", 3, 50, 4));
        assertThat(graph.shapes().symbols()).extracting("hint").containsExactly(3L, 50L, 128L);
    }

    @Test
    void pinsSpecialiseEveryUseOfAName() {
        Graph graph = sum().imported(TraceOptions.NONE.withPin("x", 2, -1, 4));
        assertThat(graph.placeholders()).extracting(p -> p.tensor().toString())
            .containsExactly("f32[2, s0, 4]", "f32[2, s1, 4]");
    }

    @Test
    void rejectsPinsThatDoNotFit() {
        assertThatThrownBy(() -> sum().imported(TraceOptions.NONE.withPin("x", 2, 3, 5)))
            .isInstanceOf(KilnException.BadInput.class)
            .hasMessage("tiny.onnx: input \"x\" has shape [batch, time, 4], which does not admit [2, 3, 5]");
        assertThatThrownBy(() -> sum().imported(TraceOptions.NONE.withPin("x", 2, 3, 4)
            .withPin("y", 3, 3, 4))).isInstanceOf(KilnException.BadInput.class);
        assertThatThrownBy(() -> sum().imported(TraceOptions.NONE.withPin("w", 1)))
            .hasMessage("tiny.onnx: there is no input \"w\"; the inputs are \"x\", \"y\"");
    }

    @Test
    void inputsWithAnInitializerAreConstants() {
        TinyModel model = new TinyModel(13).input("x", DType.F32, 2).input("w", DType.F32, 2)
            .initializer("w", floats(dims(2), 5, 6)).node("Add", "x w", "y").output("y");
        assertThat(model.imported().placeholders()).extracting("source").containsExactly("x");
        assertThat(doubles(model.run(floats(dims(2), 1, 2)).getFirst())).containsExactly(6, 8);
    }

    @Test
    void unusedInputsStay() {
        assertThat(sum().imported().placeholders()).extracting("source").containsExactly("x", "y");
    }

    @Test
    void assumedValuesStandInForData() {
        TinyModel model = new TinyModel(13).input("x", DType.F32, 2, 3).input("shape", DType.I64, 2)
            .node("Reshape", "x shape", "y").output("y");
        assertThatThrownBy(model::imported).isInstanceOf(KilnException.Unsupported.class)
            .hasMessage("tiny.onnx: node \"Reshape_0\" (Reshape): shape (input 'shape') depends on data; "
                + "only shape known from constants and shapes is supported");
        Graph graph = model.imported(TraceOptions.NONE.withValue("shape", vector(3, 2)));
        assertThat(graph.placeholders()).hasSize(2);
        assertThat(graph.tensor(graph.outputs().getFirst().value())).hasToString("f32[3, 2]");
    }
}
