package dev.kiln.optim;

import dev.kiln.CompiledFunction;
import dev.kiln.FunctionOptions;
import dev.kiln.Kiln;
import dev.kiln.nn.SafeTensors;
import dev.kiln.nn.StateDict;
import dev.kiln.ops.KilnException;
import dev.kiln.tensor.Tensor;
import dev.kiln.tensor.Torch;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Changes parameters by their gradients. A step is one compiled graph over all parameters, fused; what changes from step
 * to step, such as the learning rate, is an input of it. Not safe for several threads.
 */
public abstract class Optimizer implements AutoCloseable {
    /** A step depends on its inputs and on settings that never change. */
    private static final Object NOTHING = new Object();

    private static final String RATE = "param_groups.0.lr";
    /** An address that no memory has. */
    private static final long NOWHERE = 1L << 60;

    private final List<Tensor> parameters;
    private final List<String> slots;
    private final List<List<Tensor>> state = new ArrayList<>();
    private final CompiledFunction update;
    /** Steps that each parameter took part in. */
    private final long[] counts;
    private long steps;
    private double learningRate;

    /** @param slots names, PyTorch's, of the tensors of state that each parameter has; zeros at first */
    protected Optimizer(Kiln kiln, FunctionOptions options, List<Tensor> parameters, double learningRate,
            List<String> slots) {
        if (parameters.isEmpty()) {
            throw new KilnException.BadInput("an optimizer needs at least one parameter");
        }
        this.parameters = List.copyOf(parameters);
        this.learningRate = learningRate;
        this.slots = List.copyOf(slots);
        this.counts = new long[parameters.size()];
        for (Tensor parameter : parameters) {
            List<Tensor> own = new ArrayList<>();
            slots.forEach(name -> own.add(zeros(parameter.value())));
            state.add(own);
        }
        update = kiln.compileAll(getClass().getSimpleName(), this::traced, NOTHING, options);
    }

    private static Tensor zeros(dev.kiln.kernels.runtime.Tensor like) {
        return Tensor.of(dev.kiln.kernels.runtime.Tensor.allocate(like.dtype(), like.shape()));
    }

    /**
     * Makes the first step ready in the background, as far as can be known before there are gradients. Subclasses call it
     * when they are constructed.
     */
    protected final void prepare() {
        List<Tensor> inputs = new ArrayList<>(scalars(1));
        long place = NOWHERE;
        for (int i = 0; i < parameters.size(); i++) {
            var value = parameters.get(i).value();
            inputs.add(parameters.get(i));
            inputs.add(gradient(value, place));
            inputs.addAll(state.get(i));
            place += Math.max(1, value.numel()) * value.dtype().bytes();
        }
        update.prepare(inputs);
    }

    /** A gradient as it will come, without memory: nobody is going to read it. */
    private static Tensor gradient(dev.kiln.kernels.runtime.Tensor parameter, long place) {
        long bytes = parameter.numel() * parameter.dtype().bytes();
        return Tensor.of(dev.kiln.kernels.runtime.Tensor.of(MemorySegment.ofAddress(place).reinterpret(bytes),
            parameter.dtype(), parameter.shape()));
    }

    public List<Tensor> parameters() {
        return parameters;
    }

    public double learningRate() {
        return learningRate;
    }

    /** From the next step on; nothing is compiled again. */
    public void learningRate(double rate) {
        learningRate = rate;
    }

    /** Steps that were made: those in which a parameter had a gradient. */
    public long steps() {
        return steps;
    }

    /** Changes every parameter that has a gradient: those that have had as many steps in one graph. */
    public void step() {
        Map<Long, List<Tensor>> groups = new TreeMap<>();
        for (int i = 0; i < parameters.size(); i++) {
            Tensor parameter = parameters.get(i);
            if (parameter.borrowedGrad() != null) {
                List<Tensor> inputs = groups.computeIfAbsent(++counts[i], count -> new ArrayList<>(scalars(count)));
                inputs.add(parameter);
                inputs.add(parameter.borrowedGrad());
                inputs.addAll(state.get(i));
            }
        }
        if (!groups.isEmpty()) {
            steps++;
        }
        groups.values().forEach(update::apply);
    }

    /** Forgets the gradients. */
    public void zero_grad() {
        parameters.forEach(p -> p.grad(null));
    }

    private List<Tensor> traced(List<Tensor> inputs) {
        int numbers = scalars(1).size();
        int each = 2 + state.getFirst().size();
        List<Tensor> scalars = inputs.subList(0, numbers);
        Torch.no_grad(() -> {
            for (int at = numbers; at < inputs.size(); at += each) {
                update(inputs.get(at), inputs.get(at + 1), inputs.subList(at + 2, at + each), scalars);
            }
        });
        return List.of();
    }

    /**
     * The numbers that a step depends on, as tensors without dimensions; always as many.
     *
     * @param count which step of the parameter it is, from 1
     */
    protected abstract List<Tensor> scalars(long count);

    /** Changes a parameter and its state in place; is traced. */
    protected abstract void update(Tensor parameter, Tensor gradient, List<Tensor> state, List<Tensor> scalars);

    /** A number as a tensor. */
    protected static Tensor number(double value) {
        return Tensor.scalar(value);
    }

    /**
     * What a training needs to go on just as it would have: for each parameter, by its place, {@code state.0.step} and its
     * tensors ({@code state.0.exp_avg}; the tensors themselves, not copies), and {@code param_groups.0.lr}.
     */
    public final Map<String, Tensor> state_dict() {
        Map<String, Tensor> dict = new LinkedHashMap<>();
        for (int i = 0; i < parameters.size(); i++) {
            dict.put("state." + i + ".step", Tensor.of(new long[] {counts[i]}));
            for (int s = 0; s < slots.size(); s++) {
                dict.put("state." + i + "." + slots.get(s), state.get(i).get(s));
            }
        }
        dict.put(RATE, Tensor.of(new double[] {learningRate}));
        return dict;
    }

    /**
     * Goes on where another optimizer of the same kind was, over parameters of the same sizes in the same order.
     *
     * @throws KilnException.BadInput if names are missing or not known, or dtypes or sizes differ
     */
    public final void load_state_dict(Map<String, Tensor> values) {
        Map<String, Tensor> own = state_dict();
        StateDict.load("optimizer", own, values);
        for (int i = 0; i < counts.length; i++) {
            counts[i] = own.get("state." + i + ".step").toLongArray()[0];
        }
        steps = Arrays.stream(counts).max().orElseThrow();
        learningRate = own.get(RATE).toDoubleArray()[0];
    }

    /** Writes the state to a file in the safetensors format. */
    public final void save(Path file) throws IOException {
        SafeTensors.write(file, state_dict());
    }

    /** Reads what {@link #save} wrote. */
    public final void load(Path file) throws IOException {
        load_state_dict(SafeTensors.read(file));
    }

    /** The compiled step. */
    public CompiledFunction compiled() {
        return update;
    }

    @Override
    public void close() {
        update.close();
    }
}
