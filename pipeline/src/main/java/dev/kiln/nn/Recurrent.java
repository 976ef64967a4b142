package dev.kiln.nn;

import dev.kiln.ops.KilnException;
import dev.kiln.tensor.Generator;
import dev.kiln.tensor.Tensor;
import dev.kiln.tensor.Torch;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What LSTM and GRU share: weights for each layer and direction, under PyTorch's names. */
public abstract class Recurrent extends Module {
    final int hidden_size;
    final int num_layers;
    final double dropout;
    final boolean bidirectional;
    final boolean batch_first;
    private final Map<String, Tensor> weights = new LinkedHashMap<>();

    Recurrent(int gates, int input_size, int hidden_size, int num_layers, boolean batch_first, double dropout,
            boolean bidirectional, Generator generator) {
        this.hidden_size = hidden_size;
        this.num_layers = num_layers;
        this.batch_first = batch_first;
        this.dropout = dropout;
        this.bidirectional = bidirectional;
        int directions = bidirectional ? 2 : 1;
        for (int layer = 0; layer < num_layers; layer++) {
            int inputs = layer == 0 ? input_size : hidden_size * directions;
            for (int direction = 0; direction < directions; direction++) {
                String suffix = "_l" + layer + (direction == 1 ? "_reverse" : "");
                add("weight_ih" + suffix, generator, gates * hidden_size, inputs);
                add("weight_hh" + suffix, generator, gates * hidden_size, hidden_size);
                add("bias_ih" + suffix, generator, gates * hidden_size);
                add("bias_hh" + suffix, generator, gates * hidden_size);
            }
        }
    }

    private void add(String name, Generator generator, long... size) {
        weights.put(name, parameter(Init.uniform(generator, 1 / Math.sqrt(hidden_size), size)));
    }

    /** A weight by its name, {@code weight_ih_l0} for example. */
    public Tensor weight(String name) {
        return weights.get(name);
    }

    final List<Tensor> weights() {
        return List.copyOf(weights.values());
    }

    @Override
    protected void members(Members members) {
        weights.forEach(members::tensor);
    }

    /** Zeros [layers * directions, N, hidden_size] for an input of three dimensions. */
    final Tensor initial(Tensor input) {
        if (input.dim() != 3) {
            throw new KilnException.BadInput(getClass().getSimpleName() + " takes an input of three dimensions, not of sizes "
                + input.sizes());
        }
        return Torch.zeros(input.dtype(), num_layers * (bidirectional ? 2 : 1), input.size(batch_first ? 0 : 1),
            hidden_size);
    }
}
