package dev.kiln;

import dev.kiln.cache.CompiledGraph.TensorSpec;
import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.pipeline.LoadedModel;
import dev.kiln.stages.CompileRequest;
import dev.kiln.stages.postcompile.OutsideGuards;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A model that is ready to run. Safe for use by several threads at once. Close it when it is no longer
 * needed; closing its {@link Kiln} closes it too.
 */
public final class CompiledModel implements AutoCloseable {
    private final LoadedModel model;
    private final CompileInfo info;
    private final Executor executor;
    private final AtomicBoolean closed = new AtomicBoolean();
    private final Kiln kiln;
    private final CompileRequest request;
    /** Made when the first artifact does not admit some inputs. */
    private ShapeVariants variants;

    /** Takes over one use of {@code model}. */
    CompiledModel(LoadedModel model, CompileInfo info, Executor executor, Kiln kiln, CompileRequest request) {
        this.model = model;
        this.info = info;
        this.executor = executor;
        this.kiln = kiln;
        this.request = request;
    }

    /**
     * Runs the model on the calling thread and the workers of its pool. Shapes that break the guards of what was
     * compiled so far, but not the model's, compile a variant first; it is kept, also in the cache.
     *
     * @param inputs by name, any strides; all inputs of the model and no others
     * @return by output name, in the model's order; new contiguous tensors
     * @throws dev.kiln.ops.KilnException.BadInput if an input is missing, unknown, or of a wrong dtype or
     *     shape
     * @throws IllegalStateException after {@link #close}
     */
    public Map<String, Tensor> run(Map<String, Tensor> inputs) {
        if (closed.get() || !model.retain()) {
            throw new IllegalStateException("the model is closed");
        }
        try {
            return model.executable().run(inputs);
        } catch (OutsideGuards e) {
            return variants().forInputs(inputs, e).run(inputs);
        } finally {
            model.release();
        }
    }

    /**
     * Runs the model several times and tells where the time goes; other calls meanwhile are counted too.
     *
     * @param runs at least 1, after as many that are not counted
     * @throws dev.kiln.ops.KilnException.BadInput as {@link #run}, also for shapes that another variant serves
     */
    public Profile profile(Map<String, Tensor> inputs, int runs) {
        if (closed.get() || !model.retain()) {
            throw new IllegalStateException("the model is closed");
        }
        try {
            times(inputs, runs);
            model.executable().startClock();
            double[] millis;
            long[] ticks;
            try {
                millis = times(inputs, runs);
            } finally {
                ticks = model.executable().stopClock();
            }
            return Profile.of(info.kernels(), ticks, millis[runs / 2]);
        } finally {
            model.release();
        }
    }

    /** Milliseconds of each run, sorted. */
    private double[] times(Map<String, Tensor> inputs, int runs) {
        double[] millis = new double[runs];
        for (int i = 0; i < runs; i++) {
            long start = System.nanoTime();
            model.executable().run(inputs);
            millis[i] = (System.nanoTime() - start) / 1e6;
        }
        Arrays.sort(millis);
        return millis;
    }

    private synchronized ShapeVariants variants() {
        if (closed.get()) {
            throw new IllegalStateException("the model is closed");
        }
        if (variants == null) {
            variants = new ShapeVariants(kiln, request, info.key());
        }
        return variants;
    }

    /** How each variant that other sizes needed came to be ready. */
    public synchronized List<CompileInfo> variantInfos() {
        return variants == null ? List.of() : variants.infos();
    }

    /** As {@link #run}, on a thread of its Kiln. */
    public CompletableFuture<Map<String, Tensor>> runAsync(Map<String, Tensor> inputs) {
        Map<String, Tensor> own = Map.copyOf(inputs);
        return CompletableFuture.supplyAsync(() -> run(own), executor);
    }

    /** Name, dtype and sizes of each input; sizes are expressions over the symbols. */
    public List<TensorSpec> inputs() {
        return model.executable().inputs();
    }

    public List<TensorSpec> outputs() {
        return model.executable().outputs();
    }

    LoadedModel loaded() {
        return model;
    }

    /** How it came to be ready. */
    public CompileInfo info() {
        return info;
    }

    /** Lets go of the model; calls that are running end first. Repeatable. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            model.release();
            synchronized (this) {
                if (variants != null) {
                    variants.close();
                }
            }
        }
    }
}
