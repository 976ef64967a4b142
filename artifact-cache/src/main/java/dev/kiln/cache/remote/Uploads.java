package dev.kiln.cache.remote;

import dev.kiln.cache.CacheMetrics;
import dev.kiln.cache.Reports;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;

/**
 * Sends in the background, in the order in which it was told: an entry's blobs are there before the entry. Keeps what is
 * to be sent by reference; when too much waits, what comes next is dropped.
 */
final class Uploads {
    private static final int MOST = 10_000;

    private final CacheMetrics metrics;
    private final Queue<Runnable> waiting = new ArrayDeque<>();
    private Thread sender;
    private boolean closed;

    Uploads(CacheMetrics metrics) {
        this.metrics = metrics;
    }

    synchronized void add(Runnable upload) {
        if (closed || waiting.size() >= MOST) {
            metrics.increment("remote.dropped");
            return;
        }
        waiting.add(upload);
        if (sender == null) {
            sender = Thread.ofPlatform().name("kiln-remote-cache").daemon().start(this::send);
        }
        notifyAll();
    }

    /** An upload leaves the queue when it is done. */
    private void send() {
        for (Runnable next = next(); next != null; next = next()) {
            try {
                next.run();
            } catch (RuntimeException e) {
                Reports.warn("something was not sent to the remote cache: " + e);
            }
            synchronized (this) {
                waiting.poll();
                notifyAll();
            }
        }
    }

    private synchronized Runnable next() {
        try {
            while (waiting.isEmpty() && !closed) {
                wait();
            }
        } catch (InterruptedException e) {
            return null;
        }
        return waiting.peek();
    }

    /** Waits until all is sent; false if the time did not suffice. */
    synchronized boolean await(Duration limit) {
        long end = System.nanoTime() + limit.toNanos();
        try {
            for (long left = limit.toMillis(); !waiting.isEmpty() && left > 0;
                    left = (end - System.nanoTime()) / 1_000_000) {
                wait(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return waiting.isEmpty();
    }

    /** Sends what waits, as far as the time allows; the rest is dropped and reported. */
    synchronized void close(Duration limit) {
        if (!await(limit)) {
            metrics.add("remote.dropped", waiting.size());
            Reports.warn(waiting.size() + " values were not sent to the remote cache in " + limit.toSeconds() + " s");
            waiting.clear();
        }
        closed = true;
        notifyAll();
    }
}
