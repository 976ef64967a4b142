package dev.kiln.stages.trace.onnx;

import static dev.kiln.stages.trace.onnx.TinyModel.doubles;
import static dev.kiln.stages.trace.onnx.TinyModel.iota;
import static dev.kiln.stages.trace.onnx.TinyModel.runNode;
import static dev.kiln.stages.trace.onnx.TinyModel.vector;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.ConstantValue;
import java.util.List;
import org.junit.jupiter.api.Test;

class DataSizeImportsTest {
    private static ConstantValue truths(long... values) {
        ConstantValue truths = ConstantValue.allocate(dev.kiln.ops.DType.BOOL, List.of((long) values.length));
        for (int i = 0; i < values.length; i++) {
            truths.set(i, values[i]);
        }
        return truths;
    }

    @Test
    void nonZeroGivesOneRowADimension() {
        ConstantValue result = runNode(13, "NonZero", "a", "y", List.of(), iota(2, 3)).getFirst();
        assertThat(result.sizes()).containsExactly(2L, 5L);
        assertThat(doubles(result)).containsExactly(0, 0, 1, 1, 1, 1, 2, 0, 1, 2);
    }

    @Test
    void compressTakesElementsOrSlices() {
        assertThat(doubles(runNode(11, "Compress", "a b", "y", List.of(), iota(2, 3), truths(0, 1, 0, 0, 1))
            .getFirst())).containsExactly(1, 4);
        ConstantValue columns = runNode(11, "Compress", "a b", "y", List.of("axis", 1), iota(2, 3), truths(1, 0, 1))
            .getFirst();
        assertThat(columns.sizes()).containsExactly(2L, 2L);
        assertThat(doubles(columns)).containsExactly(0, 2, 3, 5);
        assertThat(runNode(11, "Compress", "a b", "y", List.of("axis", 0), iota(2, 3), truths(0, 0)).getFirst().sizes())
            .containsExactly(0L, 3L);
    }

    @Test
    void uniqueSortsOrKeepsTheOrderOfFirstOccurrence() {
        ConstantValue x = vector(2, 1, 1, 3, 4, 3);
        List<ConstantValue> sorted = runNode(11, "Unique", "a", "y i v c", List.of(), x);
        assertThat(sorted.stream().map(v -> List.of(doubles(v)))).hasSize(4);
        assertThat(doubles(sorted.get(0))).containsExactly(1, 2, 3, 4);
        assertThat(doubles(sorted.get(1))).containsExactly(1, 0, 3, 4);
        assertThat(doubles(sorted.get(2))).containsExactly(1, 0, 0, 2, 3, 2);
        assertThat(doubles(sorted.get(3))).containsExactly(2, 1, 2, 1);
        List<ConstantValue> kept = runNode(11, "Unique", "a", "y i v c", List.of("sorted", 0), x);
        assertThat(doubles(kept.get(0))).containsExactly(2, 1, 3, 4);
        assertThat(doubles(kept.get(1))).containsExactly(0, 1, 3, 4);
        assertThat(doubles(kept.get(2))).containsExactly(0, 1, 1, 2, 3, 2);
        assertThat(doubles(kept.get(3))).containsExactly(1, 2, 2, 1);
    }

    @Test
    void uniqueTakesSlicesAlongAnAxis() {
        ConstantValue x = vector(1, 0, 0, 1, 0, 0, 2, 3, 4);
        ConstantValue rows = new ConstantValue(x.dtype(), List.of(3L, 3L), x.data());
        List<ConstantValue> result = runNode(11, "Unique", "a", "y i v c", List.of("axis", 0), rows);
        assertThat(result.getFirst().sizes()).containsExactly(2L, 3L);
        assertThat(doubles(result.getFirst())).containsExactly(1, 0, 0, 2, 3, 4);
        assertThat(doubles(result.get(2))).containsExactly(0, 0, 1);
    }

    /** As torchvision's detectors do: the best k of what a mask picks, where k is the count of another pick. */
    @Test
    void picksOfOneMaskHaveOneSize() {
        TinyModel model = new TinyModel(13).input("x", DType.F32, 5).input("m", DType.BOOL, 5)
            .initializer("three", TinyModel.vector(3)).node("Compress", "x m", "p", "axis", 0)
            .node("NonZero", "m", "at").node("Shape", "at", "s").node("Slice", "s one two", "n")
            .initializer("one", TinyModel.vector(1)).initializer("two", TinyModel.vector(2))
            .node("Min", "n three", "k").node("TopK", "p k", "y i").output("y");
        assertThat(model.imported().shapes().assertions()).isEmpty();
        assertThat(doubles(model.run(iota(5), truths(1, 0, 1, 1, 1)).getFirst())).containsExactly(4, 3, 2);
        assertThat(doubles(model.run(iota(5), truths(1, 0, 0, 0, 1)).getFirst())).containsExactly(4, 0);
    }

    @Test
    void aCountThatMayBeTooLargeIsChecked() {
        TinyModel model = new TinyModel(13).input("x", DType.F32, 5).input("m", DType.BOOL, 5)
            .initializer("three", TinyModel.vector(3)).node("Compress", "x m", "p", "axis", 0)
            .node("TopK", "p three", "y i").output("y");
        assertThat(model.imported().shapes().assertions()).extracting(Object::toString).containsExactly("3 <= u0");
        assertThat(doubles(model.run(iota(5), truths(1, 0, 1, 1, 1)).getFirst())).containsExactly(4, 3, 2);
    }

    @Test
    void theFirstAndLastOfWhatAMaskPicksMustExist() {
        TinyModel model = new TinyModel(13).input("x", DType.F32, 5).input("m", DType.BOOL, 5)
            .node("Compress", "x m", "p", "axis", 0).initializer("first", TinyModel.longs(TinyModel.dims(), 0))
            .initializer("last", TinyModel.longs(TinyModel.dims(), -1)).node("Gather", "p first", "a")
            .node("Gather", "p last", "b").node("Sub", "b a", "y").output("y");
        assertThat(model.imported().shapes().assertions()).extracting(Object::toString).containsExactly("0 < u0");
        assertThat(doubles(model.run(iota(5), truths(0, 1, 0, 1, 0)).getFirst())).containsExactly(2);
    }

    /** Negative bounds count from the end, all are brought into the axis, and none is left if the end comes first. */
    @Test
    void sliceTakesBoundsFromData() {
        assertThat(sliced("x from to axes", vector(1), vector(4))).containsExactly(1, 2, 3);
        assertThat(sliced("x from to axes", vector(-2), vector(99))).containsExactly(3, 4);
        assertThat(sliced("x from to axes", vector(-99), vector(-3))).containsExactly(0, 1);
        assertThat(sliced("x from to axes", vector(3), vector(2))).isEmpty();
        assertThat(sliced("x from to axes two", vector(1), vector(5))).containsExactly(1, 3);
        assertThat(sliced("x one to axes", vector(0), vector(3))).containsExactly(1, 2);
    }

    private static double[] sliced(String inputs, ConstantValue from, ConstantValue to) {
        TinyModel model = new TinyModel(13).input("x", DType.F32, "n").input("from", DType.I64, 1)
            .input("to", DType.I64, 1).initializer("axes", vector(0)).initializer("one", vector(1))
            .initializer("two", vector(2)).node("Slice", inputs, "y").output("y");
        return doubles(model.run(iota(5), from, to).getFirst());
    }
}
