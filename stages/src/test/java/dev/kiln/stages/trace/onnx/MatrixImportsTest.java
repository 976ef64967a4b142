package dev.kiln.stages.trace.onnx;

import static dev.kiln.stages.trace.onnx.TinyModel.dims;
import static dev.kiln.stages.trace.onnx.TinyModel.doubles;
import static dev.kiln.stages.trace.onnx.TinyModel.floats;
import static dev.kiln.stages.trace.onnx.TinyModel.iota;
import static dev.kiln.stages.trace.onnx.TinyModel.runNode;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.ops.graph.ConstantValue;
import java.util.List;
import org.junit.jupiter.api.Test;

class MatrixImportsTest {
    /** [[0, 1, 2], [3, 4, 5]] times [[0, 1], [2, 3], [4, 5]]. */
    private static final double[] PRODUCT = {10, 13, 28, 40};

    @Test
    void matMulOfMatricesBatchesAndVectors() {
        assertThat(doubles(runNode(13, "MatMul", "a b", "y", List.of(), iota(2, 3), iota(3, 2)).getFirst()))
            .containsExactly(PRODUCT);
        ConstantValue batched = runNode(13, "MatMul", "a b", "y", List.of(), iota(1, 2, 3), iota(3, 2))
            .getFirst();
        assertThat(batched.sizes()).containsExactly(1L, 2L, 2L);
        assertThat(doubles(batched)).containsExactly(PRODUCT);
        assertThat(doubles(runNode(13, "MatMul", "a b", "y", List.of(), iota(2, 3), iota(3)).getFirst()))
            .containsExactly(5, 14);
    }

    @Test
    void gemmScalesTransposesAndAdds() {
        ConstantValue bias = floats(dims(2), 1, -1);
        assertThat(doubles(runNode(13, "Gemm", "a b c", "y", List.of(), iota(2, 3), iota(3, 2), bias)
            .getFirst())).containsExactly(11, 12, 29, 39);
        assertThat(doubles(runNode(13, "Gemm", "a b c", "y", List.of("alpha", 0.5f, "beta", 2f), iota(2, 3),
            iota(3, 2), bias).getFirst())).containsExactly(7, 4.5, 16, 18);
        ConstantValue turned = floats(dims(2, 3), 0, 2, 4, 1, 3, 5);
        assertThat(doubles(runNode(13, "Gemm", "a b", "y", List.of("transB", 1), iota(2, 3), turned)
            .getFirst())).containsExactly(PRODUCT);
    }
}
