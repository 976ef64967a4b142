package dev.kiln;

import dev.kiln.ops.KilnException;
import dev.kiln.pipeline.function.Autograd;
import dev.kiln.pipeline.function.FunctionCompiler;
import dev.kiln.pipeline.function.FunctionVariant;
import dev.kiln.pipeline.function.OpenDimensions;
import dev.kiln.pipeline.function.RandomState;
import dev.kiln.tensor.Tensor;
import dev.kiln.tensor.TensorFunction;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A Java function over tensors, compiled. The first call traces it and compiles the graph, for the dtypes, sizes and the
 * state of the function at hand; a call that these guards do not admit traces it again. A size that changed is open from
 * then on. Results that gradients flow through have {@link Tensor#backward()}. Safe for use by several threads.
 */
public final class CompiledFunction implements TensorFunction, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CompiledFunction.class);
    /** Variants from which on the log warns. */
    private static final int MANY = 8;

    private final String name;
    private final TensorFunction function;
    private final Object state;
    private final FunctionCompiler compiler;
    private final FunctionOptions options;
    private final Autograd autograd;
    private final RandomState random;
    private final OpenDimensions open = new OpenDimensions();
    private final Object compiling = new Object();
    private final List<FunctionVariant> variants = new CopyOnWriteArrayList<>();
    private volatile boolean closed;

    /** @param state what to look at for what the function can see: the user's own lambda */
    CompiledFunction(String name, TensorFunction function, Object state, FunctionCompiler compiler, FunctionOptions options,
            Autograd autograd, RandomState random) {
        this.name = name;
        this.function = function;
        this.state = state;
        this.compiler = compiler;
        this.options = options;
        this.autograd = autograd;
        this.random = random;
    }

    /**
     * Calls the function.
     *
     * @param inputs concrete tensors
     * @throws KilnException.BadInput if the function cannot be traced with them, or an op does not take them
     * @throws CompileFailedException if the compile failed
     */
    @Override
    public List<Tensor> apply(List<Tensor> inputs) {
        if (closed) {
            throw new IllegalStateException("the function is closed");
        }
        return variant(inputs).call(inputs, autograd, random);
    }

    /** As {@link #apply}, for functions with one result. */
    public Tensor call(Tensor... inputs) {
        List<Tensor> results = apply(List.of(inputs));
        if (results.size() != 1) {
            throw new IllegalArgumentException(name + " has " + results.size() + " results: use apply");
        }
        return results.getFirst();
    }

    private FunctionVariant variant(List<Tensor> inputs) {
        for (FunctionVariant variant : variants) {
            if (variant.mismatch(inputs).isEmpty()) {
                return variant;
            }
        }
        return more(inputs);
    }

    /**
     * Makes a variant for such inputs ready in the background, so that a first call need not wait for all of it. What goes
     * wrong is left for that call to find.
     *
     * @param inputs of which only dtype, sizes, strides and which of them share memory count
     */
    public void prepare(List<Tensor> inputs) {
        Thread.ofVirtual().name("kiln-prepare").start(() -> {
            try {
                compiler.awaitCalls();
                more(inputs);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (RuntimeException e) {
                LOG.debug("{} could not be prepared", name, e);
            }
        });
    }

    /** One thread at a time: the others may need the same variant. */
    private FunctionVariant more(List<Tensor> inputs) {
        synchronized (compiling) {
            return found(inputs);
        }
    }

    private FunctionVariant found(List<Tensor> inputs) {
        Optional<String> reason = Optional.empty();
        for (FunctionVariant variant : variants) {
            Optional<String> mismatch = variant.mismatch(inputs);
            if (mismatch.isEmpty()) {
                return variant;
            }
            reason = mismatch;
        }
        open.see(inputs, options.dynamic());
        reason.ifPresent(r -> LOG.info("{} is compiled again: {}", name, r));
        if (variants.size() >= MANY) {
            LOG.warn("{} has been compiled {} times; the last reason: {}", name, variants.size(), reason.orElse(""));
        }
        FunctionVariant variant = FunctionVariant.compile(name, function, state, inputs, open.of(inputs, options.dynamic()),
            compiler, options);
        add(variant);
        return variant;
    }

    private synchronized void add(FunctionVariant variant) {
        if (closed) {
            variant.close();
            throw new IllegalStateException("the function is closed");
        }
        variants.add(variant);
    }

    /** How each variant came to be ready, in order. */
    public List<FunctionVariant> variants() {
        return List.copyOf(variants);
    }

    /** Unloads what was compiled, now and by a {@link #prepare} that has not ended. Repeatable. */
    @Override
    public synchronized void close() {
        closed = true;
        variants.forEach(FunctionVariant::close);
        variants.clear();
    }
}
