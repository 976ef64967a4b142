package dev.kiln.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kiln.kernels.runtime.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

class EmbeddingsTest {
    @Test
    void poolsTokensAndLeavesPaddingOut() {
        var states = Tensor.ofFloats(new float[] {3, 0, 0, 4, 100, 100, 0, 2, 9, 9, 9, 9}, 2, 3, 2);
        float[][] pooled = Embeddings.pool(states, new long[][] {{1, 1, 0}, {1, 0, 0}});
        assertThat(pooled[0]).containsExactly(new float[] {0.6f, 0.8f}, within(1e-7f));
        assertThat(pooled[1]).containsExactly(new float[] {0, 1}, within(1e-7f));
    }

    @Test
    void poolsARowOfPaddingToZeros() {
        var states = Tensor.ofFloats(new float[] {3, 4}, 1, 1, 2);
        assertThat(Embeddings.pool(states, new long[][] {{0}})[0]).containsExactly(0, 0);
    }

    @Test
    void similarityOfUnitVectorsIsTheirCosine() {
        double[][] table = Embeddings.similarities(new float[][] {{1, 0}, {0.6f, 0.8f}});
        assertThat(table[0][0]).isEqualTo(1);
        assertThat(table[0][1]).isCloseTo(0.6, within(1e-7)).isEqualTo(table[1][0]);
    }

    @Test
    void tableMarksTheNearestOtherSentence() {
        double[][] table = {{1, 0.25, -0.5}, {0.25, 1, 0.125}, {-0.5, 0.125, 1}};
        assertThat(SimilarityTable.render(List.of("one", "a longer one", "two"), table)).isEqualTo("""
                                     1      2      3
                 1  one           1.00   0.25* -0.50
                 2  a longer one  0.25*  1.00   0.13
                 3  two          -0.50   0.13*  1.00
                * nearest other sentence of the row
                """);
    }

    @Test
    void aSingleSentenceHasNoNeighbour() {
        assertThat(SimilarityTable.nearest(new double[] {1}, 0)).isEqualTo(-1);
        assertThat(SimilarityTable.render(List.of("alone"), new double[][] {{1}})).contains("1.00");
    }
}
