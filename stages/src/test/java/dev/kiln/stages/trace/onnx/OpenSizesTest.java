package dev.kiln.stages.trace.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.groups.Tuple.tuple;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.shape.ShapePolicy;
import dev.kiln.stages.trace.OpenSizes;
import dev.kiln.stages.trace.OpenSizes.Range;
import dev.kiln.stages.trace.TraceOptions;
import org.junit.jupiter.api.Test;

/** What the user says about open dimensions, on a model {@code relu(x) + y} whose last dimension is fixed at 4. */
class OpenSizesTest {
    private static Graph load(TraceOptions options) {
        return new TinyModel(18).input("x", DType.F32, "batch", "length", 4).input("y", DType.F32, "batch", null, 4)
            .node("Relu", "x", "r").node("Add", "r y", "out").output("out").imported(options);
    }

    private static TraceOptions open(OpenSizes sizes) {
        return TraceOptions.NONE.withHint("x", 3, 7, 4).withHint("y", 3, 7, 4).withOpen(sizes);
    }

    @Test
    void givesADimensionOfThatNameARange() {
        Graph graph = load(TraceOptions.NONE.withOpen(OpenSizes.DEFAULT.withRange("y", 0, new Range(2, 16))));
        assertThat(graph.shapes().symbols()).extracting("name", "min", "max", "hint")
            .contains(tuple("s0", 2L, 16L, 8L));
        assertThat(graph.placeholders()).extracting(p -> p.tensor().size(0).toString()).containsExactly("s0", "s0");
    }

    @Test
    void fixesAllOthers() {
        Graph graph = load(open(OpenSizes.DEFAULT.withFixed(true).withRange("x", 0, Range.ANY)));
        assertThat(graph.placeholders()).extracting(p -> p.tensor().toString())
            .containsExactly("f32[s0, 7, 4]", "f32[s0, 7, 4]");
        assertThat(load(open(OpenSizes.DEFAULT.withFixed(true))).shapes().symbols()).isEmpty();
        assertThatThrownBy(() -> load(TraceOptions.NONE.withOpen(OpenSizes.DEFAULT.withFixed(true))))
            .isInstanceOf(KilnException.BadInput.class).hasMessageContaining("give one (--hint x=...)");
    }

    @Test
    void opensWhatTheModelFixes() {
        Graph graph = load(TraceOptions.NONE.withOpen(OpenSizes.DEFAULT.withRange("x", 2, new Range(1, 8))
            .withRange("y", 2, new Range(1, 8))));
        assertThat(graph.shapes().symbols()).extracting("max", "hint").contains(tuple(8L, 4L));
        assertThat(graph.tensor(graph.outputs().getFirst().value()).size(2).isConstant()).isFalse();
    }

    @Test
    void followsPyTorchsPolicies() {
        Graph duck = load(open(OpenSizes.DEFAULT.withPolicy(new ShapePolicy(true, false))));
        assertThat(duck.placeholders()).extracting(p -> p.tensor().toString())
            .containsExactly("f32[s0, s1, 4]", "f32[s0, s1, 4]");
        assertThat(duck.shapes().guards()).isEmpty();
        Graph special = load(TraceOptions.NONE.withHint("x", 1, 7, 4).withHint("y", 1, 7, 4)
            .withOpen(
            OpenSizes.DEFAULT.withPolicy(new ShapePolicy(false, true))));
        assertThat(special.placeholders().getFirst().tensor().size(0).is(1)).isTrue();
        assertThat(special.shapes().symbols()).extracting("min").contains(2L);
    }

    @Test
    void refusesContradictions() {
        assertThatThrownBy(() -> load(TraceOptions.NONE.withOpen(OpenSizes.DEFAULT.withRange("x", 0, new Range(2, 4))
            .withRange("y", 0, new Range(8, 9))))).isInstanceOf(KilnException.BadInput.class)
            .hasMessageContaining("contradicts");
        assertThatThrownBy(() -> load(TraceOptions.NONE.withOpen(OpenSizes.DEFAULT.withRange("x", 3, Range.ANY))))
            .hasMessageContaining("has 3 dimensions, no dimension 3");
        assertThatThrownBy(() -> new Range(0, 4)).isInstanceOf(KilnException.BadInput.class);
    }
}
