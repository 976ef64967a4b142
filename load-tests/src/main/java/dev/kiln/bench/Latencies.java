package dev.kiln.bench;

import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/** Times of many runs, kept to three digits. */
final class Latencies {
    private static final long LONGEST = TimeUnit.HOURS.toNanos(1);
    private static final double NANOS_PER_MILLI = 1e6;

    private final Histogram histogram = new Histogram(LONGEST, 3);

    void addNanos(long nanos) {
        histogram.recordValue(Math.min(nanos, LONGEST));
    }

    void addMillis(double millis) {
        addNanos(Math.round(millis * NANOS_PER_MILLI));
    }

    long count() {
        return histogram.getTotalCount();
    }

    double minMillis() {
        return histogram.getMinNonZeroValue() / NANOS_PER_MILLI;
    }

    double medianMillis() {
        return percentileMillis(50);
    }

    double percentileMillis(double percentile) {
        return histogram.getValueAtPercentile(percentile) / NANOS_PER_MILLI;
    }
}
