package dev.kiln.pipeline;

import dev.kiln.CompileFailedException;
import dev.kiln.CompileFailedException.Reason;
import dev.kiln.CompileInfo;
import dev.kiln.pipeline.events.CompileEvent;
import dev.kiln.ops.KilnException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;

/** The jobs under way, by id and by what they compile; ends them and tells those who wait. */
final class Jobs {
    private final Map<String, CompileJob> byId = new ConcurrentHashMap<>();
    private final Map<JobIdentity, CompileJob> byIdentity = new ConcurrentHashMap<>();
    private final AtomicLong compiles = new AtomicLong();
    private final ModelLoader loader;
    private final Executor completions;

    /** @param completions where those who wait are told, because what they do then may take long */
    Jobs(ModelLoader loader, Executor completions) {
        this.loader = loader;
        this.completions = completions;
    }

    /** The job that compiles the same; else {@code mine} is entered. */
    CompileJob enter(CompileJob mine) {
        CompileJob other = byIdentity.putIfAbsent(mine.identity(), mine);
        if (other != null) {
            return other;
        }
        byId.put(mine.id(), mine);
        return mine;
    }

    Optional<CompileJob> find(String id) {
        return Optional.ofNullable(byId.get(id));
    }

    long compiles() {
        return compiles.get();
    }

    int size() {
        return byId.size();
    }

    List<CompileJob> all() {
        return List.copyOf(byId.values());
    }

    /** Ends a job with a result. The graph is unloaded if nobody waits for it any more. */
    void ready(CompileEvent.GraphReady event) {
        if (!event.found()) {
            compiles.incrementAndGet();
        }
        Optional<CompileJob> job = find(event.header().job());
        Optional<List<CompletableFuture<JobResult>>> waiting = job.flatMap(this::end);
        completions.execute(() -> {
            if (waiting.isEmpty()) {
                event.executable().close();
            } else {
                handOut(job.get(), event, waiting.get());
            }
        });
    }

    private void handOut(CompileJob job, CompileEvent.GraphReady event,
            List<CompletableFuture<JobResult>> waiting) {
        CompileInfo info = new CompileInfo(event.graph(), event.found(), job.spans(), job.millisSoFar());
        LoadedModel model = loader.own(event.executable());
        for (CompletableFuture<JobResult> ticket : waiting) {
            model.retain();
            if (!ticket.complete(new JobResult(model, info))) {
                model.release();
            }
        }
        model.release();
    }

    /** Ends a job without a result. */
    void failed(CompileEvent.CompileFailed event) {
        find(event.header().job()).ifPresent(job -> fail(job, exception(event)));
    }

    void expire(CompileJob job) {
        fail(job, new CompileFailedException(Reason.DEADLINE, "compile", "the deadline of "
            + job.source().name() + " passed", "allow more time", null));
    }

    void cancel(CompileJob job) {
        fail(job, new CompileFailedException(Reason.CANCELLED, "compile", "cancelled", "", null));
    }

    private void fail(CompileJob job, KilnException cause) {
        end(job).ifPresent(waiting -> completions.execute(
            () -> waiting.forEach(ticket -> ticket.completeExceptionally(cause))));
    }

    private Optional<List<CompletableFuture<JobResult>>> end(CompileJob job) {
        Optional<List<CompletableFuture<JobResult>>> waiting = job.end();
        byIdentity.remove(job.identity(), job);
        byId.remove(job.id());
        return waiting;
    }

    /** Bad input is passed on as it is; anything else says where it happened. */
    private static KilnException exception(CompileEvent.CompileFailed event) {
        if (event.cause() instanceof KilnException.BadInput bad) {
            return bad;
        }
        Throwable cause = event.cause();
        String problem = cause.getMessage() == null ? cause.toString() : cause.getMessage();
        return new CompileFailedException(Reason.FAILED, event.phase(), problem, event.remedy(), cause);
    }
}
