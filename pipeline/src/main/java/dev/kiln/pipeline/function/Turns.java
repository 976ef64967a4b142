package dev.kiln.pipeline.function;

/**
 * Lets work that is done ahead of need step back while calls trace functions and look them up. Safe for several threads.
 */
final class Turns {
    /** What a call that is about to come gets as a start. */
    private static final long GRACE_MILLIS = 20;

    private int taken;
    private boolean ended;

    /** Somebody's tracing and looking up. */
    final class Turn implements AutoCloseable {
        private boolean over;

        /** Repeatable. */
        @Override
        public void close() {
            synchronized (Turns.this) {
                taken -= over ? 0 : 1;
                over = true;
                Turns.this.notifyAll();
            }
        }
    }

    /** @throws IllegalStateException after {@link #end} */
    synchronized Turn take() {
        if (ended) {
            throw new IllegalStateException("Kiln is closed");
        }
        taken++;
        return new Turn();
    }

    /** Returns when nobody has had a turn after a moment. */
    void awaitNone() throws InterruptedException {
        Thread.sleep(GRACE_MILLIS);
        await();
    }

    private synchronized void await() throws InterruptedException {
        while (taken > 0) {
            wait();
        }
    }

    /** Nobody gets a turn from now on; returns when those that have one are done. Repeatable. */
    void end() {
        synchronized (this) {
            ended = true;
        }
        try {
            await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
