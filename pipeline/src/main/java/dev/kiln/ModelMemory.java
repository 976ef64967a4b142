package dev.kiln;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.RemovalListener;
import dev.kiln.pipeline.JobIdentity;
import dev.kiln.pipeline.LoadedModel;
import java.util.Optional;

/** Loaded models, kept for the next request for the same; each entry is a user of its model. */
final class ModelMemory {
    private final Cache<JobIdentity, LoadedModel> models;

    ModelMemory(int size) {
        RemovalListener<JobIdentity, LoadedModel> release = (identity, model, cause) -> model.release();
        models = Caffeine.newBuilder().maximumSize(size).executor(Runnable::run).removalListener(release)
            .build();
    }

    /** A model with one more user, the caller. */
    Optional<LoadedModel> find(JobIdentity identity) {
        return Optional.ofNullable(models.getIfPresent(identity)).filter(LoadedModel::retain);
    }

    void keep(JobIdentity identity, LoadedModel model) {
        models.get(identity, absent -> {
            model.retain();
            return model;
        });
    }

    void clear() {
        models.invalidateAll();
    }
}
