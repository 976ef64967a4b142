package dev.kiln.pipeline;

import dev.kiln.CompileFailedException;
import dev.kiln.CompileFailedException.Reason;
import dev.kiln.KilnConfig;
import dev.kiln.kernels.toolchain.Deadline;
import dev.kiln.pipeline.events.CompileEvent;
import dev.kiln.pipeline.events.EventCodec;
import dev.kiln.pipeline.events.EventHeader;
import dev.kiln.pipeline.verticles.AutogradVerticle;
import dev.kiln.pipeline.verticles.AutotuneVerticle;
import dev.kiln.pipeline.verticles.CodegenVerticle;
import dev.kiln.pipeline.verticles.PostCompileVerticle;
import dev.kiln.pipeline.verticles.PostGradVerticle;
import dev.kiln.pipeline.verticles.TraceVerticle;
import dev.kiln.stages.Environment;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Deployable;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The six phases as verticles on a Vert.x of their own. Identical requests are joined; compiles run on a pool
 * of compile threads, never on an event loop; at most {@code maxJobs} are under way.
 */
public final class Pipeline implements AutoCloseable {
    private static final long STOP_SECONDS = 30;

    private final KilnConfig config;
    private final Vertx vertx;
    private final Jobs jobs;
    private final ExecutorService compileThreads;
    private final MeterRegistry meters = new SimpleMeterRegistry();
    private final AtomicLong ids = new AtomicLong();

    private Pipeline(KilnConfig config, ModelLoader loader, Executor completions) {
        this.config = config;
        jobs = new Jobs(loader, completions);
        AtomicLong count = new AtomicLong();
        compileThreads = Executors.newFixedThreadPool(config.compileThreads(), body -> {
            Thread thread = new Thread(body, "kiln-compile-" + count.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        });
        vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1).setWorkerPoolSize(1)
            .setInternalBlockingPoolSize(1).setUseDaemonThread(true).setFileSystemOptions(
                new FileSystemOptions().setFileCachingEnabled(false).setClassPathResolvingEnabled(false)));
    }

    /** Starts Vert.x and deploys the verticles; takes some hundred milliseconds in a fresh JVM. */
    public static Pipeline start(KilnConfig config, Environment environment, ModelLoader loader,
            Executor completions) {
        Pipeline pipeline = new Pipeline(config, loader, completions);
        pipeline.deploy(environment, loader);
        return pipeline;
    }

    private void deploy(Environment environment, ModelLoader loader) {
        EventCodec.install(vertx.eventBus());
        PhaseRunner phases = new PhaseRunner(jobs, compileThreads, environment, loader, meters);
        Future<Void> ready = vertx.eventBus().<CompileEvent.GraphReady>localConsumer(
            CompileEvent.address(CompileEvent.GraphReady.class), m -> jobs.ready(m.body())).completion();
        Future<Void> failed = vertx.eventBus().<CompileEvent.CompileFailed>localConsumer(
            CompileEvent.address(CompileEvent.CompileFailed.class), m -> jobs.failed(m.body())).completion();
        List<Future<?>> parts = new ArrayList<>(List.of(ready, failed));
        for (Deployable verticle : List.of(new TraceVerticle(phases), new AutogradVerticle(phases),
                new PostGradVerticle(phases), new CodegenVerticle(phases), new AutotuneVerticle(phases),
                new PostCompileVerticle(phases))) {
            parts.add(vertx.deployVerticle(verticle));
        }
        Future.all(parts).toCompletionStage().toCompletableFuture().join();
    }

    /**
     * Has a request compiled, or joins the job that compiles it already. Cancelling the result cancels the
     * job once nobody else waits for it.
     *
     * @throws CompileFailedException if too many jobs are under way
     */
    public CompletableFuture<JobResult> submit(JobSource source, JobIdentity identity,
            Optional<Duration> timeLimit) {
        while (true) {
            Deadline deadline = timeLimit.map(Deadline::after).orElse(Deadline.none());
            CompileJob mine = new CompileJob("job-" + ids.incrementAndGet(), identity, source, deadline,
                config.listener());
            CompileJob job = jobs.enter(mine);
            Optional<CompletableFuture<JobResult>> ticket = job.join();
            if (ticket.isPresent()) {
                ticket.get().whenComplete((result, error) -> leave(job, ticket.get()));
                if (job == mine) {
                    begin(job, timeLimit);
                } else {
                    meters.counter("kiln.jobs.joined").increment();
                }
                return ticket.get();
            }
        }
    }

    private void begin(CompileJob job, Optional<Duration> timeLimit) {
        if (jobs.size() > config.maxJobs()) {
            jobs.cancel(job);
            throw new CompileFailedException(Reason.BUSY, "compile", config.maxJobs()
                + " compiles are under way already", "try again later", null);
        }
        meters.counter("kiln.jobs.started").increment();
        timeLimit.ifPresent(limit -> vertx.setTimer(Math.max(1, limit.toMillis()), id -> jobs.expire(job)));
        CompileEvent first = switch (job.source()) {
            case JobSource.ModelFile file ->
                new CompileEvent.CompileRequested(EventHeader.of(job.id()), file.request());
            case JobSource.SplitGraph graph -> new CompileEvent.GraphSplit(
                EventHeader.of(job.id(), graph.keys().artifact().key()), graph.split(), graph.keys());
        };
        vertx.eventBus().publish(CompileEvent.address(first.getClass()), first);
    }

    private void leave(CompileJob job, CompletableFuture<JobResult> ticket) {
        if (ticket.isCancelled() && job.leave(ticket)) {
            jobs.cancel(job);
        }
    }

    /** Compiles that ended well so far. */
    public long compiles() {
        return jobs.compiles();
    }

    /** Requests that joined a compile so far. */
    public long joined() {
        return (long) meters.counter("kiln.jobs.joined").count();
    }

    /** Timers and counters: {@code kiln.stage.seconds} by stage, {@code kiln.jobs.started}, and others. */
    public MeterRegistry meters() {
        return meters;
    }

    /** Cancels what is under way, and waits until it has stopped. */
    @Override
    public void close() {
        jobs.all().forEach(jobs::cancel);
        compileThreads.shutdown();
        try {
            compileThreads.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }
}
