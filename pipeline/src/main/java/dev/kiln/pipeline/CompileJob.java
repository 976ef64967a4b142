package dev.kiln.pipeline;

import dev.kiln.CompileInfo;
import dev.kiln.CompileListener;
import dev.kiln.cache.CacheKey;
import dev.kiln.cache.CompiledGraph;
import dev.kiln.kernels.toolchain.Deadline;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.pass.Decisions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;

/** One compile under way, and those who wait for it. Safe for use by several threads. */
public final class CompileJob {
    private final String id;
    private final JobIdentity identity;
    private final JobSource source;
    private final Deadline deadline;
    private final CompileListener listener;
    private final Decisions decisions = new Decisions();
    private final long startNanos = System.nanoTime();
    private final long startMillis = System.currentTimeMillis();
    private final List<CompileInfo.Span> spans = new ArrayList<>();
    private final List<CompletableFuture<JobResult>> waiting = new ArrayList<>();
    private CompiledGraph stored;
    private Thread worker;
    private boolean ended;

    CompileJob(String id, JobIdentity identity, JobSource source, Deadline deadline,
            CompileListener listener) {
        this.id = id;
        this.identity = identity;
        this.source = source;
        this.deadline = deadline;
        this.listener = listener;
    }

    public String id() {
        return id;
    }

    JobIdentity identity() {
        return identity;
    }

    /** What it began with. */
    public JobSource source() {
        return source;
    }

    public CompileOptions options() {
        return source.options();
    }

    /** Key of everything in the request but the model. */
    public CacheKey requestKey() {
        return identity.request();
    }

    /** Whether the files of a model are still those that were traced. */
    public boolean isUnchanged(Path model, List<Path> external) throws IOException {
        for (Path file : external) {
            if (Files.getLastModifiedTime(file).toMillis() >= startMillis) {
                return false;
            }
        }
        return identity.equals(JobIdentity.of(model, identity.request()));
    }

    public Deadline deadline() {
        return deadline;
    }

    public Decisions decisions() {
        return decisions;
    }

    /** Notes the entry that a fresh compile must be equal to, in the cache's check mode. */
    public synchronized void expect(CompiledGraph entry) {
        stored = entry;
    }

    /** The entry to compare with, if there is one. */
    public synchronized Optional<CompiledGraph> expected() {
        return Optional.ofNullable(stored);
    }

    /** Does a piece of work and notes how long it took. */
    public <T> T measure(String phase, Callable<T> work) throws Exception {
        listener.phaseStarted(id, phase);
        long start = System.nanoTime();
        T result = work.call();
        CompileInfo.Span span = new CompileInfo.Span(phase, start, System.nanoTime(),
            Thread.currentThread().getName());
        synchronized (this) {
            spans.add(span);
        }
        listener.phaseFinished(id, phase, span.millis());
        return result;
    }

    /** Tells who listens how far a phase is. */
    public void progress(String phase, String state) {
        listener.progress(id, phase, state);
    }

    /** Time of each phase so far, milliseconds. */
    public Map<String, Double> stageMillis() {
        Map<String, Double> millis = new TreeMap<>();
        for (CompileInfo.Span span : spans()) {
            millis.merge(span.phase(), span.millis(), Double::sum);
        }
        return millis;
    }

    synchronized List<CompileInfo.Span> spans() {
        return List.copyOf(spans);
    }

    double millisSoFar() {
        return (System.nanoTime() - startNanos) / 1e6;
    }

    /** Adds somebody who waits; empty if the job has ended. */
    synchronized Optional<CompletableFuture<JobResult>> join() {
        if (ended) {
            return Optional.empty();
        }
        CompletableFuture<JobResult> ticket = new CompletableFuture<>();
        waiting.add(ticket);
        return Optional.of(ticket);
    }

    /** Takes somebody away; true if nobody waits any more. */
    synchronized boolean leave(CompletableFuture<JobResult> ticket) {
        return waiting.remove(ticket) && waiting.isEmpty() && !ended;
    }

    /** Ends the job and interrupts what it is doing; empty if it had ended before. */
    synchronized Optional<List<CompletableFuture<JobResult>>> end() {
        if (ended) {
            return Optional.empty();
        }
        ended = true;
        if (worker != null) {
            worker.interrupt();
        }
        return Optional.of(List.copyOf(waiting));
    }

    /** The calling thread works for this job from now on; false if the job has ended. */
    synchronized boolean enter() {
        if (!ended) {
            worker = Thread.currentThread();
        }
        return !ended;
    }

    /**
     * The calling thread works for somebody else from now on: an interrupt meant for this job is taken back.
     */
    synchronized void exit() {
        worker = null;
        Thread.interrupted();
    }
}
