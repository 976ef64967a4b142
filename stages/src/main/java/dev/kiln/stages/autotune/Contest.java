package dev.kiln.stages.autotune;

import dev.kiln.ops.KilnException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Times the candidates of one kernel, with their epilogues, in turn, after dropping those whose result is wrong. Round
 * after round fewer are left; the finalists are timed both with the weight in the caches and without. A candidate's time
 * is its shortest: what else the machine does only adds.
 */
final class Contest {
    private static final int ROUNDS = 10;
    private static final int FEWEST_ROUNDS = 3;
    /** After the first rounds a candidate stays whose time is at most this many times the best, and so many candidates. */
    private static final double[] HOPELESS = {2.5, 1.6, 1.3};
    private static final int[] STAYING = {Integer.MAX_VALUE, 8, 5};
    private static final int FINALISTS = 3;
    /** A library must be loaded by every process that runs the model: it is chosen where it is this much faster. */
    private static final double LIBRARY_ADVANTAGE = 1.03;
    /** Times that differ by less say nothing. */
    private static final double SAME = 1.02;
    /** What a round's runs of one candidate take at least, milliseconds, within a few runs. */
    private static final double ROUND_MILLIS = 2;
    private static final int MOST_RUNS = 10;

    private final Trial trial;
    private final boolean cold;
    private final long budgetNanos;
    private final Map<Candidate, CandidateFailure> failures = new LinkedHashMap<>();

    /** @param cold whether the weight will come from memory in the model, so that such times decide */
    Contest(Trial trial, boolean cold, long budgetMillis) {
        this.trial = trial;
        this.cold = cold;
        this.budgetNanos = budgetMillis * 1_000_000;
    }

    /** Times in milliseconds; who has none, failed. */
    record Result(Candidate winner, boolean coldDecides, Map<Candidate, Double> warm, Map<Candidate, Double> cold,
            Map<Candidate, CandidateFailure> failures, double seconds) {
        Map<Candidate, Double> deciding() {
            return coldDecides ? cold : warm;
        }
    }

    /** @param candidates the expected best first */
    Result run(Candidate reference, List<Candidate> candidates) {
        long start = System.nanoTime();
        List<Candidate> right = rightOnes(reference, candidates);
        long deadline = System.nanoTime() + budgetNanos;
        Map<Candidate, Double> times = new LinkedHashMap<>();
        firstRound(right, times, deadline);
        for (int round = 0; round < ROUNDS && (round < 2 || System.nanoTime() < deadline); round++) {
            int stage = Math.min(round, STAYING.length - 1);
            List<Candidate> left = promising(times, STAYING[stage], HOPELESS[stage]);
            if (round >= 2 && left.size() == 1) {
                break; // decided
            }
            if (!shortened(left, times) && round >= FEWEST_ROUNDS - 1) {
                break; // further rounds would say the same
            }
            times.keySet().removeIf(failures::containsKey);
        }
        Map<Candidate, Double> other = new LinkedHashMap<>();
        promising(times, FINALISTS, HOPELESS[HOPELESS.length - 1])
            .forEach(c -> time(c, !cold, 2 * runs(times.get(c))).ifPresent(t -> other.put(c, t)));
        times.keySet().removeIf(failures::containsKey);
        if (times.isEmpty()) {
            throw noneLeft(reference);
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        return new Result(winner(times), cold, cold ? other : times, cold ? times : other, Map.copyOf(failures), seconds);
    }

    /** A round: whether it found any candidate faster than those before. */
    private boolean shortened(List<Candidate> candidates, Map<Candidate, Double> times) {
        boolean shorter = false;
        for (Candidate c : candidates) {
            double before = times.get(c);
            shorter |= time(c, cold, runs(before)).map(t -> times.merge(c, t, Math::min)).filter(t -> t * SAME < before)
                .isPresent();
        }
        return shorter;
    }

    private List<Candidate> rightOnes(Candidate reference, List<Candidate> candidates) {
        try {
            trial.expect(reference);
        } catch (CandidateFailure e) {
            throw new KilnException("the reference of " + reference.kernel().name() + " fails: " + e.getMessage(), e);
        }
        List<Candidate> right = new ArrayList<>();
        for (Candidate candidate : candidates) {
            try {
                trial.check(candidate);
                right.add(candidate);
            } catch (CandidateFailure e) {
                failures.put(candidate, e);
            }
        }
        return right;
    }

    /** One untimed and two timed runs of each, as long as there is time for it; of the expected best in any case. */
    private void firstRound(List<Candidate> candidates, Map<Candidate, Double> times, long deadline) {
        for (Candidate candidate : candidates) {
            if (!times.isEmpty() && System.nanoTime() > deadline) {
                failures.put(candidate, CandidateFailure.noTime());
            } else if (time(candidate, false, 1).isPresent()) {
                time(candidate, cold, 2).ifPresent(t -> times.put(candidate, t));
            }
        }
    }

    private static List<Candidate> promising(Map<Candidate, Double> times, int most, double factor) {
        double best = times.values().stream().mapToDouble(Double::doubleValue).min().orElse(0);
        return times.entrySet().stream().filter(e -> e.getValue() <= factor * best)
            .sorted(Map.Entry.comparingByValue()).limit(most).map(Map.Entry::getKey).toList();
    }

    private Optional<Double> time(Candidate candidate, boolean flushed, int runs) {
        try {
            return Optional.of(trial.time(candidate, flushed, runs));
        } catch (CandidateFailure e) {
            failures.put(candidate, e);
            return Optional.empty();
        }
    }

    private static int runs(double millis) {
        return Math.clamp((long) (ROUND_MILLIS / Math.max(1e-3, millis)), 1, MOST_RUNS);
    }

    /** Of those that are as fast as the best, the one that was expected to be. */
    private static Candidate winner(Map<Candidate, Double> times) {
        double best = times.keySet().stream().mapToDouble(c -> handicapped(c, times)).min().orElseThrow();
        return times.keySet().stream().filter(c -> handicapped(c, times) <= best * SAME).findFirst().orElseThrow();
    }

    private static double handicapped(Candidate candidate, Map<Candidate, Double> times) {
        return times.get(candidate) * (candidate.variant().externs().isEmpty() ? 1 : LIBRARY_ADVANTAGE);
    }

    private KilnException noneLeft(Candidate reference) {
        List<String> reasons = failures.entrySet().stream().map(e -> e.getKey().label() + " " + e.getValue().getMessage()).toList();
        return new KilnException("no candidate of " + reference.kernel().name() + " can be used: "
            + String.join("; ", reasons));
    }
}
