package dev.kiln.stages.autograd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class KnapsackTest {
    @Test
    void theExactSolverFindsTheBestOfAll() {
        for (int seed = 0; seed < 100; seed++) {
            Random random = new Random(seed);
            int count = 1 + random.nextInt(9);
            double[] weights = random.doubles(count).map(w -> Math.round(w * 50) / 100.0).toArray();
            double[] values = random.doubles(count, 0.1, 10).toArray();
            double best = 0;
            for (int set = 0; set < 1 << count; set++) {
                int chosen = set;
                if (sum(weights, chosen) <= 1 + 1e-9) {
                    best = Math.max(best, sum(values, chosen));
                }
            }
            int exact = bits(Knapsack.solve(PartitionOptions.Solver.DP, 1, weights, values));
            int greedy = bits(Knapsack.solve(PartitionOptions.Solver.GREEDY, 1, weights, values));
            assertThat(sum(weights, exact)).isLessThanOrEqualTo(1 + 1e-9);
            assertThat(sum(weights, greedy)).isLessThanOrEqualTo(1 + 1e-9);
            assertThat(sum(values, exact)).as("seed %d", seed).isCloseTo(best, org.assertj.core.data.Offset.offset(1e-9));
            assertThat(sum(values, greedy)).isLessThanOrEqualTo(best + 1e-9);
        }
    }

    @Test
    void nothingFitsIntoNothingButWhatWeighsNothing() {
        double[] weights = {0.1, 0, 1};
        double[] values = {1, 1, 1};
        assertThat(Knapsack.solve(PartitionOptions.Solver.DP, 0, weights, values)).containsExactly(1);
        assertThat(Knapsack.solve(PartitionOptions.Solver.GREEDY, 0, weights, values)).containsExactly(1);
    }

    private static int bits(Set<Integer> items) {
        return items.stream().mapToInt(i -> 1 << i).sum();
    }

    private static double sum(double[] of, int items) {
        double sum = 0;
        for (int i = 0; i < of.length; i++) {
            sum += (items >> i & 1) * of[i];
        }
        return sum;
    }
}
