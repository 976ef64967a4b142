package dev.kiln.cache.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * The one platform thread that writes. It starts with the first change, and puts all changes that wait into
 * one transaction, so that many writers pay for one flush to disk.
 */
final class WriterThread implements AutoCloseable {
    private static final int MAX_BATCH = 256;

    private final Path folder;
    private final Path temporary;
    private final Runnable replaced;
    private final BlockingQueue<Job> queue = new LinkedBlockingQueue<>();
    private LmdbWriter writer;
    private Thread thread;
    private boolean closed;

    /** @param replaced called when the record file has been replaced by another */
    WriterThread(Path folder, Path temporary, Runnable replaced) {
        this.folder = folder;
        this.temporary = temporary;
        this.replaced = replaced;
    }

    private sealed interface Job {
        CompletableFuture<Void> done();
    }

    private record Write(List<Change> changes, CompletableFuture<Void> done) implements Job {
    }

    private record Recover(Path quarantine, CompletableFuture<Void> done) implements Job {
    }

    private record Stop(CompletableFuture<Void> done) implements Job {
    }

    CompletableFuture<Void> submit(List<Change> changes) {
        return enqueue(new Write(List.copyOf(changes), new CompletableFuture<>()));
    }

    CompletableFuture<Void> recover(Path quarantine) {
        return enqueue(new Recover(quarantine, new CompletableFuture<>()));
    }

    private synchronized CompletableFuture<Void> enqueue(Job job) {
        if (closed) {
            job.done().completeExceptionally(StoreException.unavailable("the record store is closed", null));
            return job.done();
        }
        if (thread == null) {
            thread = Thread.ofPlatform().name("kiln-cache-writer").daemon().start(this::run);
        }
        queue.add(job);
        return job.done();
    }

    @Override
    public void close() {
        Thread running;
        synchronized (this) {
            closed = true;
            running = thread;
            if (running == null) {
                return;
            }
            queue.add(new Stop(new CompletableFuture<>()));
        }
        boolean interrupted = false;
        while (running.isAlive()) {
            try {
                running.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        var jobs = new ArrayList<Job>();
        boolean stop = false;
        while (!stop) {
            jobs.clear();
            try {
                jobs.add(queue.take());
            } catch (InterruptedException e) {
                continue;
            }
            queue.drainTo(jobs, MAX_BATCH - 1);
            stop = jobs.stream().anyMatch(Stop.class::isInstance);
            writeTogether(jobs.stream().filter(Write.class::isInstance).map(Write.class::cast).toList());
            jobs.stream().filter(Recover.class::isInstance).map(Recover.class::cast)
                    .forEach(job -> settle(job, () -> replaceDamaged(job.quarantine())));
        }
        closeWriter();
    }

    private void writeTogether(List<Write> writes) {
        if (writes.isEmpty()) {
            return;
        }
        var all = new ArrayList<Change>();
        writes.forEach(write -> all.addAll(write.changes()));
        try {
            apply(all);
            writes.forEach(write -> write.done().complete(null));
        } catch (IOException | RuntimeException | LinkageError e) {
            for (Write write : writes) {
                settle(write, () -> apply(write.changes()));
            }
        }
    }

    /** What may fail. */
    private interface Step {
        void run() throws IOException;
    }

    private static void settle(Job job, Step step) {
        try {
            step.run();
            job.done().complete(null);
        } catch (IOException e) {
            job.done().completeExceptionally(StoreException.unavailable("cannot write the record file: "
                    + e.getMessage(), e));
        } catch (RuntimeException | LinkageError e) {
            job.done().completeExceptionally(e instanceof StoreException ? e
                    : StoreException.unavailable("cannot write the record file: " + e.getMessage(), e));
        }
    }

    private void apply(List<Change> changes) throws IOException {
        Path data = folder.resolve(LmdbStore.DATA);
        if (writer != null && !Files.exists(data)) {
            closeWriter();
            replaced.run();
        }
        if (writer == null) {
            if (Files.exists(data)) {
                check(data);
            }
            writer = new LmdbWriter(folder, temporary);
        }
        writer.apply(changes);
    }

    private static void check(Path data) throws IOException {
        try (var pages = new LmdbPages(data.toFile())) {
            if (pages.length() > 0) {
                pages.check();
            }
        }
    }

    /** The lock file goes with its data file: processes that still have both open stay among themselves. */
    private void replaceDamaged(Path quarantine) throws IOException {
        closeWriter();
        try (var lock = FileChannel.open(folder.resolve("recover.lock"), StandardOpenOption.CREATE,
                StandardOpenOption.WRITE); var held = lock.lock()) {
            Path data = folder.resolve(LmdbStore.DATA);
            if (Files.exists(data) && isDamaged(data)) {
                Files.createDirectories(quarantine);
                Files.move(data, quarantine.resolve("records-" + System.currentTimeMillis() + ".mdb"));
                Files.deleteIfExists(folder.resolve(LmdbStore.LOCK));
            }
        }
        replaced.run();
    }

    private static boolean isDamaged(Path data) throws IOException {
        try {
            check(data);
            return false;
        } catch (StoreException e) {
            return e.isDamaged();
        }
    }

    private void closeWriter() {
        if (writer != null) {
            writer.close();
            writer = null;
        }
    }
}
