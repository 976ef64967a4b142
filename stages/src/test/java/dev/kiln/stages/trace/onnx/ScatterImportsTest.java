package dev.kiln.stages.trace.onnx;

import static dev.kiln.stages.trace.onnx.TinyModel.dims;
import static dev.kiln.stages.trace.onnx.TinyModel.doubles;
import static dev.kiln.stages.trace.onnx.TinyModel.floats;
import static dev.kiln.stages.trace.onnx.TinyModel.iota;
import static dev.kiln.stages.trace.onnx.TinyModel.longs;
import static dev.kiln.stages.trace.onnx.TinyModel.runNode;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.ConstantValue;
import java.util.List;
import org.junit.jupiter.api.Test;

class ScatterImportsTest {
    private static final ConstantValue DATA = iota(1, 4);
    private static final ConstantValue WHERE = longs(dims(1, 2), 1, -1);
    private static final ConstantValue UPDATES = floats(dims(1, 2), 10, 20);

    private static List<ConstantValue> elements(Object... attributes) {
        return runNode(16, "ScatterElements", "a b c", "y", List.of(attributes), DATA, WHERE, UPDATES);
    }

    @Test
    void elementsAreReplacedOrAddedTo() {
        assertThat(doubles(elements("axis", 1).getFirst())).containsExactly(0, 10, 2, 20);
        assertThat(doubles(elements("axis", 1, "reduction", "add").getFirst())).containsExactly(0, 11, 2, 23);
        assertThat(doubles(elements("axis", 1, "reduction", "mul").getFirst())).containsExactly(0, 10, 2, 60);
        assertThat(doubles(elements("axis", 1, "reduction", "max").getFirst())).containsExactly(0, 10, 2, 20);
        assertThat(doubles(elements("axis", 1, "reduction", "min").getFirst())).containsExactly(0, 1, 2, 3);
        assertThatThrownBy(() -> elements("axis", 1, "reduction", "median")).isInstanceOf(KilnException.BadInput.class)
            .hasMessageEndingWith("reduction 'median' is none of none, add, mul, max, min");
    }

    @Test
    void rowsAreReplacedByTuples() {
        ConstantValue result = runNode(16, "ScatterND", "a b c", "y", List.of(), iota(3, 2),
            longs(dims(2, 1), -1, 0), floats(dims(2, 2), 7, 8, 9, 6)).getFirst();
        assertThat(doubles(result)).containsExactly(9, 6, 2, 3, 7, 8);
    }
}
