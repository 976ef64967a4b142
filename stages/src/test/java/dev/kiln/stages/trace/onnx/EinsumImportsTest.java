package dev.kiln.stages.trace.onnx;

import static dev.kiln.stages.trace.onnx.TinyModel.doubles;
import static dev.kiln.stages.trace.onnx.TinyModel.iota;
import static dev.kiln.stages.trace.onnx.TinyModel.runNode;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.ops.graph.ConstantValue;
import java.util.List;
import org.junit.jupiter.api.Test;

class EinsumImportsTest {
    private static ConstantValue einsum(String equation, ConstantValue... operands) {
        String names = "a b c".substring(0, 2 * operands.length - 1);
        return runNode(12, "Einsum", names, "y", List.of("equation", equation), operands).getFirst();
    }

    @Test
    void transposesAndSums() {
        assertThat(doubles(einsum("ij->ji", iota(2, 3)))).containsExactly(0, 3, 1, 4, 2, 5);
        assertThat(doubles(einsum("ij->i", iota(2, 3)))).containsExactly(3, 12);
    }

    @Test
    void multipliesMatricesInBatches() {
        assertThat(doubles(einsum("ik,kj", iota(2, 3), iota(3, 2)))).containsExactly(10, 13, 28, 40);
        ConstantValue batched = einsum("...ik,...jk->...ij", iota(2, 1, 2), iota(2, 1, 2));
        assertThat(batched.sizes()).containsExactly(2L, 1L, 1L);
        assertThat(doubles(batched)).containsExactly(1, 13);
        assertThat(doubles(einsum("i,j->ji", iota(2), iota(3)))).containsExactly(0, 0, 0, 1, 0, 2);
    }

    @Test
    void multipliesMoreThanTwo() {
        assertThat(doubles(einsum("ij,jk,k->i", iota(2, 2), iota(2, 2), iota(2)))).containsExactly(3, 11);
    }
}
