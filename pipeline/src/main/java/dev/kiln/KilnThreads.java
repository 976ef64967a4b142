package dev.kiln;

import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;

/** The threads that requests and their continuations run on; started when the first is needed. */
final class KilnThreads implements Executor {
    private ExecutorService pool;
    private boolean closed;

    @Override
    public void execute(Runnable task) {
        pool().execute(task);
    }

    private synchronized ExecutorService pool() {
        if (closed) {
            throw new RejectedExecutionException("Kiln is closed");
        }
        if (pool == null) {
            pool = Executors.newCachedThreadPool(task -> {
                Thread thread = new Thread(task, "kiln-request");
                thread.setDaemon(true);
                return thread;
            });
        }
        return pool;
    }

    /** Lets what runs end, takes nothing new. */
    synchronized void close() {
        closed = true;
        if (pool != null) {
            pool.shutdown();
        }
    }
}
