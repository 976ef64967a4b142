package dev.kiln.stages.trace.onnx;

import static dev.kiln.stages.trace.onnx.TinyModel.doubles;
import static dev.kiln.stages.trace.onnx.TinyModel.iota;
import static dev.kiln.stages.trace.onnx.TinyModel.vector;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Graph;
import dev.kiln.stages.trace.TraceOptions;
import org.junit.jupiter.api.Test;

/** Open sizes without a hint of the user's get hints for which the model's ops fit together. */
class GuessedHintsTest {
    /** {@code x + table[:, :length]}, with 16 places. */
    private static TinyModel places() {
        return new TinyModel(16).input("x", DType.F32, "batch", "length").initializer("table", iota(1, 16))
            .initializer("zero", vector(0)).initializer("one", vector(1)).node("Shape", "x", "shape")
            .node("Gather", "shape one", "length").node("Slice", "table zero length one", "places")
            .node("Add", "x places", "y").output("y");
    }

    @Test
    void staysWithinLearntPlaces() {
        Graph graph = places().imported();
        assertThat(graph.shapes().guards()).extracting(Object::toString).containsExactly("s1 <= 16");
        assertThat(graph.shapes().symbols()).extracting("hint").containsExactly(8L, 16L);
        assertThat(doubles(places().run(iota(2, 3)).getFirst())).containsExactly(0, 2, 4, 3, 5, 7);
    }

    /** A key cache that grows by a step, and a mask over all of it. */
    @Test
    void relatesTheLengthsOfACacheAndAMask() {
        Graph graph = new TinyModel(16).input("past", DType.F32, "batch", "past").input("step", DType.F32, "batch", 1)
            .input("mask", DType.F32, "batch", "total").node("Concat", "past step", "keys", "axis", 1)
            .node("Add", "keys mask", "y").output("y").imported();
        assertThat(graph.shapes().guards()).extracting(Object::toString).containsExactly("s1 + 1 == s2");
    }

    @Test
    void leavesHintsOfTheUserAlone() {
        assertThatThrownBy(() -> places().imported(TraceOptions.NONE.withHint("x", 2, 20)))
            .isInstanceOf(KilnException.BadInput.class).hasMessageContaining("sizes s1 and 16 do not broadcast");
    }

    @Test
    void namesWhatNoSizeCanMeet() {
        TinyModel never = new TinyModel(16).input("x", DType.F32, "n").node("Concat", "x x", "xx", "axis", 0)
            .initializer("three", iota(3)).node("Add", "xx three", "y").output("y");
        assertThatThrownBy(never::imported).isInstanceOf(KilnException.BadInput.class)
            .hasMessage("tiny.onnx: node \"Add_1\" (Add): aten.add.Tensor: sizes 2*s0 and 3 do not broadcast");
    }
}
