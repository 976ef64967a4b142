package dev.kiln.stages.autograd;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/** Which items of most value fit: a share of 1 is to be had, and each item takes its weight of that. */
final class Knapsack {
    /** Weights are rounded up to whole steps, so that a choice never takes more than is to be had. */
    private static final int STEPS = 2000;

    private Knapsack() {
    }

    /** Numbers of the items to take. */
    static Set<Integer> solve(PartitionOptions.Solver solver, double capacity, double[] weights, double[] values) {
        return switch (solver) {
            case GREEDY -> greedy(capacity, weights, values);
            case DP -> exact(capacity, weights, values);
        };
    }

    private static Set<Integer> greedy(double capacity, double[] weights, double[] values) {
        List<Integer> order = new ArrayList<>(IntStream.range(0, weights.length).boxed().toList());
        order.sort(Comparator.comparingDouble(i -> -values[i] / Math.max(weights[i], 1e-12)));
        Set<Integer> taken = new LinkedHashSet<>();
        double left = capacity;
        for (int item : order) {
            if (weights[item] <= left) {
                left -= weights[item];
                taken.add(item);
            }
        }
        return taken;
    }

    private static Set<Integer> exact(double capacity, double[] weights, double[] values) {
        double[] best = new double[STEPS + 1];
        boolean[][] takes = new boolean[weights.length][STEPS + 1];
        int[] steps = new int[weights.length];
        for (int item = 0; item < weights.length; item++) {
            double exact = capacity > 0 ? Math.ceil(weights[item] / capacity * STEPS - 1e-9)
                : weights[item] > 0 ? STEPS + 1 : 0;
            steps[item] = (int) Math.min(exact, STEPS + 1);
            for (int room = STEPS; room >= steps[item]; room--) {
                double with = best[room - steps[item]] + values[item];
                if (with > best[room]) {
                    best[room] = with;
                    takes[item][room] = true;
                }
            }
        }
        Set<Integer> taken = new LinkedHashSet<>();
        int room = STEPS;
        for (int item = weights.length - 1; item >= 0; item--) {
            if (takes[item][room]) {
                taken.add(item);
                room -= steps[item];
            }
        }
        return taken;
    }
}
