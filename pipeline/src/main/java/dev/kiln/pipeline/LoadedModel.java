package dev.kiln.pipeline;

import dev.kiln.stages.postcompile.ExecutableGraph;
import java.util.concurrent.atomic.AtomicInteger;

/** A graph in memory that several users share; it is unloaded when the last of them lets go. */
public final class LoadedModel {
    private final ExecutableGraph executable;
    private final ModelLoader loader;
    private final AtomicInteger users = new AtomicInteger(1);

    LoadedModel(ExecutableGraph executable, ModelLoader loader) {
        this.executable = executable;
        this.loader = loader;
    }

    public ExecutableGraph executable() {
        return executable;
    }

    /** Adds a user; false if the last one has gone already. */
    public boolean retain() {
        for (int count = users.get(); count > 0; count = users.get()) {
            if (users.compareAndSet(count, count + 1)) {
                return true;
            }
        }
        return false;
    }

    /** Ends one use. */
    public void release() {
        if (users.decrementAndGet() == 0) {
            loader.unload(this);
        }
    }
}
