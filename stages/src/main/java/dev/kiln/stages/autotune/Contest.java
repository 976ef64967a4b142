package dev.kiln.stages.autotune;

import dev.kiln.ops.KilnException;
import dev.kiln.stages.codegen.Kernel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Times the candidates of one kernel in turn, after dropping those whose result is wrong. */
final class Contest {
    private static final Logger LOG = LoggerFactory.getLogger(Contest.class);
    private static final int ROUNDS = 5;
    /** A candidate this much slower than the best in its first run is not run again. */
    private static final double HOPELESS = 1.4;

    private final TuningLibrary library;
    private final Trial trial;
    private final Candidate reference;
    private final List<Candidate> candidates;

    Contest(TuningLibrary library, Trial trial, Candidate reference, List<Candidate> candidates) {
        this.library = library;
        this.trial = trial;
        this.reference = reference;
        this.candidates = candidates;
    }

    /** Times by label, milliseconds. */
    record Result(Candidate winner, Map<String, Double> millis) {
        /** In the form that TorchInductor logs. */
        List<String> log(Kernel kernel) {
            Kernel.Tuning t = kernel.tuning().orElseThrow();
            List<String> lines = new ArrayList<>();
            lines.add("AUTOTUNE " + t.op() + "(" + String.join(", ", t.operands()) + ")");
            double best = millis.get(winner.label());
            millis.entrySet().stream().sorted(Map.Entry.comparingByValue()).forEach(e -> lines.add(
                String.format(Locale.ROOT, "  %s %.4f ms %.1f%%", e.getKey(), e.getValue(), 100 * best / e.getValue())));
            return lines;
        }
    }

    Result run() {
        List<Candidate> right = rightOnes();
        Map<Candidate, double[]> times = new LinkedHashMap<>();
        right.forEach(c -> times.put(c, new double[ROUNDS]));
        List<Candidate> running = new ArrayList<>(right);
        Map<Candidate, Integer> runs = new LinkedHashMap<>();
        for (int round = 0; round < ROUNDS; round++) {
            for (Candidate candidate : running) {
                times.get(candidate)[round] = time(candidate);
                runs.put(candidate, round + 1);
            }
            if (round == 0) {
                double best = running.stream().mapToDouble(c -> times.get(c)[0]).min().orElseThrow();
                running.removeIf(c -> times.get(c)[0] > HOPELESS * best);
            }
        }
        Map<String, Double> millis = new LinkedHashMap<>();
        right.forEach(c -> millis.put(c.label(), median(times.get(c), runs.get(c))));
        Candidate winner = right.stream().min(Comparator.comparing(c -> millis.get(c.label()))).orElseThrow();
        return new Result(winner, millis);
    }

    private List<Candidate> rightOnes() {
        float[] expected = trial.check(library, reference);
        List<Candidate> right = new ArrayList<>();
        for (Candidate candidate : candidates) {
            if (trial.agrees(expected, trial.check(library, candidate))) {
                right.add(candidate);
            } else {
                LOG.warn("autotune: {} of {} computes a wrong result and is dropped", candidate.label(),
                    candidate.kernel().name());
            }
        }
        if (right.isEmpty()) {
            throw new KilnException("no candidate of " + reference.kernel().name() + " computes the right result");
        }
        return right;
    }

    private double time(Candidate candidate) {
        var arguments = trial.arguments(candidate);
        long start = System.nanoTime();
        library.run(candidate, trial.hints(), arguments);
        return (System.nanoTime() - start) / 1e6;
    }

    private static double median(double[] times, int runs) {
        double[] sorted = Arrays.copyOf(times, runs);
        Arrays.sort(sorted);
        return sorted[runs / 2];
    }
}
