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

class QuantizationImportsTest {
    @Test
    void quantizesWithSaturation() {
        ConstantValue result = runNode(13, "QuantizeLinear", "a b c", "y", List.of(),
            floats(dims(5), -300, -1, 1, 5, 999), floats(dims(), 2), fill(DType.I8, dims(), 10)).getFirst();
        assertThat(result.dtype()).isEqualTo(DType.I8);
        assertThat(doubles(result)).containsExactly(-128, 10, 10, 12, 127);
    }

    @Test
    void dequantizesAlongAnAxis() {
        ConstantValue result = runNode(13, "DequantizeLinear", "a b c", "y", List.of("axis", 0),
            fill(DType.U8, dims(2, 2), 1, 2, 3, 4), floats(dims(2), 0.5, 2), fill(DType.U8, dims(2), 1, 2))
            .getFirst();
        assertThat(doubles(result)).containsExactly(0, 0.5, 2, 4);
    }

    @Test
    void findsTheRangeOfTheData() {
        List<ConstantValue> results = runNode(11, "DynamicQuantizeLinear", "a", "y s z", List.of(),
            floats(dims(3), -51, 0, 204));
        assertThat(doubles(results.get(0))).containsExactly(0, 51, 255);
        assertThat(doubles(results.get(1))).containsExactly(1);
        assertThat(doubles(results.get(2))).containsExactly(51);
    }

    @Test
    void multipliesIntegersLessTheirZeroPoints() {
        ConstantValue result = runNode(10, "MatMulInteger", "a b c d", "y", List.of(),
            fill(DType.U8, dims(1, 2), 11, 7),
            fill(DType.U8, dims(2, 1), 1, 4), fill(DType.U8, dims(), 12), fill(DType.U8, dims(), 0))
            .getFirst();
        assertThat(result.dtype()).isEqualTo(DType.I32);
        assertThat(doubles(result)).containsExactly(-21);
    }
}
