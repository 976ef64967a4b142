package dev.kiln;

import dev.kiln.cache.CacheSettings;
import dev.kiln.ops.KilnException;
import java.time.Duration;
import java.util.Optional;

/**
 * Settings of a {@link Kiln}.
 *
 * @param compileThreads compiles that may run at a time
 * @param maxJobs compiles that may be under way or wait; one more is refused
 * @param modelsInMemory loaded models that are kept for the next request; 0 keeps none
 * @param deadline time that a compile may take
 */
public record KilnConfig(CacheSettings cache, int compileThreads, int maxJobs, int modelsInMemory,
        Optional<Duration> deadline, CompileListener listener) {
    private static final int MAX_JOBS = 256;
    private static final int MODELS_IN_MEMORY = 16;

    public KilnConfig {
        if (compileThreads < 1 || maxJobs < 1 || modelsInMemory < 0) {
            throw new IllegalArgumentException("a Kiln needs a compile thread and room for a job, not "
                + compileThreads + " and " + maxJobs);
        }
    }

    /** @throws KilnException.BadInput if an environment variable has no meaning */
    public static KilnConfig fromEnvironment() {
        try {
            return of(CacheSettings.of(System.getenv()));
        } catch (IllegalArgumentException e) {
            throw new KilnException.BadInput(e.getMessage(), e);
        }
    }

    public static KilnConfig of(CacheSettings cache) {
        return new KilnConfig(cache, Math.max(2, Runtime.getRuntime().availableProcessors()), MAX_JOBS,
            MODELS_IN_MEMORY, Optional.empty(), CompileListener.SILENT);
    }

    public KilnConfig withCache(CacheSettings other) {
        return new KilnConfig(other, compileThreads, maxJobs, modelsInMemory, deadline, listener);
    }

    public KilnConfig withCompileThreads(int count) {
        return new KilnConfig(cache, count, maxJobs, modelsInMemory, deadline, listener);
    }

    public KilnConfig withMaxJobs(int count) {
        return new KilnConfig(cache, compileThreads, count, modelsInMemory, deadline, listener);
    }

    public KilnConfig withModelsInMemory(int count) {
        return new KilnConfig(cache, compileThreads, maxJobs, count, deadline, listener);
    }

    public KilnConfig withDeadline(Duration span) {
        return new KilnConfig(cache, compileThreads, maxJobs, modelsInMemory, Optional.of(span), listener);
    }

    public KilnConfig withListener(CompileListener other) {
        return new KilnConfig(cache, compileThreads, maxJobs, modelsInMemory, deadline, other);
    }
}
