package dev.kiln.stages.trace.onnx;

import static dev.kiln.stages.trace.onnx.TinyModel.dims;
import static dev.kiln.stages.trace.onnx.TinyModel.doubles;
import static dev.kiln.stages.trace.onnx.TinyModel.fill;
import static dev.kiln.stages.trace.onnx.TinyModel.floats;
import static dev.kiln.stages.trace.onnx.TinyModel.runNode;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.ConstantValue;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConversionImportsTest {
    @Test
    void castsTruncateAndTest() {
        ConstantValue x = floats(dims(4), -1.75, 0, 0.5, 3.9);
        ConstantValue integers = runNode(13, "Cast", "a", "y", List.of("to", TinyModel.code(DType.I32)), x)
            .getFirst();
        assertThat(integers.dtype()).isEqualTo(DType.I32);
        assertThat(doubles(integers)).containsExactly(-1, 0, 0, 3);
        ConstantValue truths = runNode(13, "Cast", "a", "y", List.of("to", TinyModel.code(DType.BOOL)), x)
            .getFirst();
        assertThat(doubles(truths)).containsExactly(1, 0, 1, 1);
    }

    @Test
    void castLikeTakesTheOtherInputsType() {
        ConstantValue result = runNode(15, "CastLike", "a b", "y", List.of(), floats(dims(2), 1.5, -2.5),
            fill(DType.I8, dims(1), 0)).getFirst();
        assertThat(result.dtype()).isEqualTo(DType.I8);
        assertThat(doubles(result)).containsExactly(1, -2);
    }

    @Test
    void identitiesLeaveNoNode() {
        TinyModel model = new TinyModel(13).input("x", DType.F32, 2).node("Identity", "x", "y")
            .node("Dropout", "y", "z mask").node("Cast", "z", "w", "to", TinyModel.code(DType.F32))
            .output("w", "mask");
        assertThat(model.imported().calls()).extracting(c -> c.op().name())
            .containsExactly("aten.full.default");
        List<ConstantValue> results = model.run(floats(dims(2), 3, 4));
        assertThat(doubles(results.getFirst())).containsExactly(3, 4);
        assertThat(doubles(results.getLast())).containsExactly(1, 1);
    }

    @Test
    void dropoutOfNothingDrawsNoRandomNumbers() {
        TinyModel model = new TinyModel(13).input("x", DType.F32, 2).initializer("ratio", floats(dims(), 0))
            .initializer("training", fill(DType.BOOL, dims(), 1)).node("Dropout", "x ratio training", "y mask")
            .output("y", "mask");
        assertThat(model.imported().calls()).extracting(c -> c.op().name())
            .containsExactly("aten.full.default");
        List<ConstantValue> results = model.run(floats(dims(2), 3, Double.NaN));
        assertThat(doubles(results.getFirst())).containsExactly(3, Double.NaN);
        assertThat(doubles(results.getLast())).containsExactly(1, 1);
    }
}
