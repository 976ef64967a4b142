package dev.kiln.pipeline;

import dev.kiln.ops.KilnException;
import dev.kiln.pipeline.events.CompileEvent;
import dev.kiln.stages.Environment;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.concurrent.Executor;

/**
 * Wraps each phase in the same way: an event is received on an event loop, the work is done on a compile
 * thread and measured, and what came of it is published. Events of jobs that have ended are dropped.
 */
public final class PhaseRunner {
    private final Jobs jobs;
    private final Executor compileThreads;
    private final Environment environment;
    private final ModelLoader loader;
    private final MeterRegistry meters;

    PhaseRunner(Jobs jobs, Executor compileThreads, Environment environment, ModelLoader loader,
            MeterRegistry meters) {
        this.jobs = jobs;
        this.compileThreads = compileThreads;
        this.environment = environment;
        this.loader = loader;
        this.meters = meters;
    }

    /** The work of a phase. */
    public interface Step<E extends CompileEvent> {
        CompileEvent apply(E event, PhaseContext context) throws Exception;
    }

    /** Has events of a type handled by a step of a phase. Completes when the bus knows of it. */
    public <E extends CompileEvent> Future<Void> on(Vertx vertx, Class<E> type, String phase, Step<E> step) {
        return vertx.eventBus().<E>localConsumer(CompileEvent.address(type), message -> {
            E event = message.body();
            jobs.find(event.header().job()).ifPresent(
                job -> compileThreads.execute(() -> run(vertx, event, phase, step, job)));
        }).completion();
    }

    private <E extends CompileEvent> void run(Vertx vertx, E event, String phase, Step<E> step,
            CompileJob job) {
        if (!job.enter()) {
            return;
        }
        CompileEvent next;
        Timer.Sample sample = Timer.start(meters);
        try {
            next = job.measure(phase, () -> step.apply(event, new PhaseContext(job, environment, loader)));
        } catch (Throwable e) {
            meters.counter("kiln.stage.failures", "stage", phase).increment();
            next = new CompileEvent.CompileFailed(event.header().next(), phase, e, remedy(e));
        } finally {
            sample.stop(meters.timer("kiln.stage.seconds", "stage", phase));
            job.exit();
        }
        vertx.eventBus().publish(CompileEvent.address(next.getClass()), next);
    }

    private static String remedy(Throwable cause) {
        return switch (cause) {
            case KilnException _ -> "";
            case OutOfMemoryError _ -> "give the JVM more memory (-Xmx)";
            default -> "this is a defect of Kiln; KILN_DEBUG=1 shows where it happened";
        };
    }
}
