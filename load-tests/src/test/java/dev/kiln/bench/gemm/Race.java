package dev.kiln.bench.gemm;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Engines in turn: each turn runs every engine for a short time; what counts is the median over the turns. */
record Race(int turns, int threads) {
    /** Shorter samples would measure the clock. */
    private static final double SAMPLE_MILLIS = 3;
    private static final int UNCOUNTED = 3;
    private static final double WARM_UP_MILLIS = 60;
    private static final long PAUSE_MILLIS = 50;

    /** Milliseconds of one call, an engine each. */
    double[] run(List<? extends Engine> engines) {
        int[] calls = engines.stream().mapToInt(Race::calls).toArray();
        List<double[]> times = new ArrayList<>();
        engines.forEach(e -> times.add(new double[turns]));
        for (int turn = 0; turn < turns; turn++) {
            for (int i = 0; i < calls.length; i++) {
                Engine engine = engines.get(i);
                settle();
                engine.settle();
                engine.run(Math.min(calls[i], UNCOUNTED));
                times.get(i)[turn] = time(engine, calls[i]);
            }
        }
        return times.stream().mapToDouble(Race::median).toArray();
    }

    /** So many that a sample is long enough; also lets libtorch's executor look at what it runs. */
    private static int calls(Engine engine) {
        int calls = 1;
        engine.run(UNCOUNTED);
        double millis = time(engine, calls);
        for (double spent = 0; spent < WARM_UP_MILLIS || millis * calls < SAMPLE_MILLIS; spent += millis * calls) {
            engine.settle();
            calls = (int) Math.max(1, Math.min(2L * calls + 1, Math.ceil(1.2 * SAMPLE_MILLIS / millis)));
            millis = time(engine, calls);
        }
        return calls;
    }

    /** Lets the JVM compile what a call goes through. */
    static void warmUp(Engine engine, int calls) {
        engine.run(calls);
    }

    private static double time(Engine engine, int calls) {
        long from = System.nanoTime();
        engine.run(calls);
        return (System.nanoTime() - from) / 1e6 / calls;
    }

    /** Lets the other engine's threads, which spin after their last run, go to sleep. */
    private void settle() {
        if (threads > 1) {
            try {
                Thread.sleep(PAUSE_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted", e);
            }
        }
    }

    private static double median(double[] times) {
        double[] sorted = times.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
