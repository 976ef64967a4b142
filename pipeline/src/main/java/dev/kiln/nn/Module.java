package dev.kiln.nn;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.tensor.Role;
import dev.kiln.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;

/**
 * A part of a model with parameters, buffers and parts of its own: those that are fields, by the fields' names. Tensors
 * become parameters by {@link #parameter} and buffers by {@link #buffer}; fields that hold other tensors are neither.
 */
public abstract class Module {
    private boolean training = true;

    /** A tensor that is learned: it requires a gradient. */
    protected static Tensor parameter(Tensor tensor) {
        return tensor.role(Role.PARAMETER).requires_grad_();
    }

    /** A tensor that is kept with the module, but not learned. */
    protected static Tensor buffer(Tensor tensor) {
        return tensor.role(Role.BUFFER);
    }

    /** Names what the module is made of; by default its fields. */
    protected void members(Members members) {
        FieldMembers.visit(this, members);
    }

    /** Whether it is in training mode, as it is at first. */
    public final boolean training() {
        return training;
    }

    /** Puts it and all its parts into training mode. */
    public Module train() {
        return train(true);
    }

    public Module train(boolean mode) {
        modules().forEach(m -> m.training = mode);
        return this;
    }

    /** Puts it and all its parts into evaluation mode. */
    public Module eval() {
        return train(false);
    }

    /** This module and all its parts, each once, by their names; its own is empty. */
    public final Map<String, Module> named_modules() {
        Map<String, Module> found = new LinkedHashMap<>();
        collect("", found, Collections.newSetFromMap(new IdentityHashMap<>()));
        return found;
    }

    private void collect(String prefix, Map<String, Module> found, Set<Module> seen) {
        if (!seen.add(this)) {
            return;
        }
        found.put(prefix, this);
        members(new Members() {
            @Override
            public void tensor(String name, Tensor tensor) {
            }

            @Override
            public void module(String name, Module module) {
                module.collect(prefix.isEmpty() ? name : prefix + "." + name, found, seen);
            }
        });
    }

    public final List<Module> modules() {
        return List.copyOf(named_modules().values());
    }

    /** The parameters by PyTorch's names, {@code encoder.0.weight} for example; one that is shared has its first name. */
    public final Map<String, Tensor> named_parameters() {
        return named(Role.PARAMETER);
    }

    public final List<Tensor> parameters() {
        return List.copyOf(named_parameters().values());
    }

    public final Map<String, Tensor> named_buffers() {
        return named(Role.BUFFER);
    }

    public final List<Tensor> buffers() {
        return List.copyOf(named_buffers().values());
    }

    private Map<String, Tensor> named(Role role) {
        Map<String, Tensor> found = new LinkedHashMap<>();
        Set<Tensor> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        eachTensor((name, tensor) -> {
            if (tensor.role() == role && seen.add(tensor)) {
                found.put(name, tensor);
            }
        });
        return found;
    }

    private void eachTensor(BiConsumer<String, Tensor> consumer) {
        named_modules().forEach((prefix, module) -> module.members(new Members() {
            @Override
            public void tensor(String name, Tensor tensor) {
                consumer.accept(prefix.isEmpty() ? name : prefix + "." + name, tensor);
            }

            @Override
            public void module(String name, Module child) {
            }
        }));
    }

    /** Removes all gradients. */
    public final void zero_grad() {
        parameters().forEach(p -> p.grad(null));
    }

    /** Says for all parameters whether gradients are computed. */
    public final Module requires_grad_(boolean required) {
        parameters().forEach(p -> p.requires_grad_(required));
        return this;
    }

    /** Parameters and buffers by name, module by module; the tensors themselves, not copies. */
    public final Map<String, Tensor> state_dict() {
        Map<String, Tensor> state = new LinkedHashMap<>();
        eachTensor(state::put);
        return state;
    }

    /**
     * Copies values into the parameters and buffers.
     *
     * @throws KilnException.BadInput if names are missing or not known, or dtypes or sizes differ
     */
    public final void load_state_dict(Map<String, Tensor> values) {
        StateDict.load("module", state_dict(), values);
    }

    /** Writes parameters and buffers to a file in the safetensors format. */
    public final void save(Path file) throws IOException {
        SafeTensors.write(file, state_dict());
    }

    /** Reads what {@link #save} wrote, or any file in the safetensors format with the same names. */
    public final void load(Path file) throws IOException {
        load_state_dict(SafeTensors.read(file));
    }

    /** The number of learned values. */
    public final long parameter_count() {
        return parameters().stream().filter(p -> p.dtype() != DType.BOOL).mapToLong(p -> p.value().numel()).sum();
    }
}
