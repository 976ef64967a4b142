package dev.kiln.cache.remote;

import dev.kiln.cache.CacheMetrics;
import dev.kiln.cache.Reports;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreaker.State;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowType;
import io.github.resilience4j.core.IntervalFunction;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * The way to a store, which is left alone for a while after a failure, longer after each further one: a server
 * that is gone costs a compile one timeout. Reading and writing have ways of their own, since a full server still serves.
 */
final class Link {
    private static final Duration FIRST_PAUSE = Duration.ofSeconds(2);
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(5);

    private final RemoteStore store;
    private final String purpose;
    private final CacheMetrics metrics;
    private final CircuitBreaker breaker;

    /** @param purpose what it is for, as in "cannot be read" */
    Link(RemoteStore store, String place, String purpose, CacheMetrics metrics) {
        this.store = store;
        this.purpose = "remote cache " + place + " cannot be " + purpose;
        this.metrics = metrics;
        breaker = CircuitBreaker.of("kiln-remote-cache", CircuitBreakerConfig.custom()
                .slidingWindow(1, 1, SlidingWindowType.COUNT_BASED)
                .waitIntervalFunctionInOpenState(IntervalFunction.ofExponentialBackoff(FIRST_PAUSE, 2, LONGEST_PAUSE))
                .permittedNumberOfCallsInHalfOpenState(1)
                .build());
    }

    /** The answer, which is not null; empty if the store failed now or lately. */
    <T> Optional<T> ask(Function<RemoteStore, T> question) {
        if (!breaker.tryAcquirePermission()) {
            metrics.increment("remote.skipped");
            return Optional.empty();
        }
        long start = System.nanoTime();
        try {
            T answer = question.apply(store);
            breaker.onSuccess(System.nanoTime() - start, TimeUnit.NANOSECONDS);
            return Optional.of(answer);
        } catch (RuntimeException e) {
            fail(e, System.nanoTime() - start);
            return Optional.empty();
        }
    }

    private void fail(RuntimeException problem, long nanos) {
        metrics.increment("remote.failed");
        if (breaker.getState() == State.CLOSED) {
            Reports.warn(purpose + " for now, work goes on without it: " + problem.getMessage());
        }
        breaker.onError(nanos, TimeUnit.NANOSECONDS, problem);
    }
}
