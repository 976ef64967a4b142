package dev.kiln.nn;

import dev.kiln.tensor.Generator;
import dev.kiln.tensor.Tensor;
import java.util.List;

/** Gated recurrent units over a sequence [L, N, inputs], or [N, L, inputs] with {@code batch_first}. */
public final class GRU extends Recurrent implements Layer {
    /**
     * @param output [L, N, hidden_size * directions], batch first if the input is
     * @param h_n last hidden states [layers * directions, N, hidden_size]
     */
    public record Result(Tensor output, Tensor h_n) {
    }

    public GRU(int input_size, int hidden_size, Generator generator) {
        this(input_size, hidden_size, 1, false, 0, false, generator);
    }

    public GRU(int input_size, int hidden_size, int num_layers, boolean batch_first, double dropout, boolean bidirectional,
            Generator generator) {
        super(3, input_size, hidden_size, num_layers, batch_first, dropout, bidirectional, generator);
    }

    /** The outputs, beginning with states of 0. */
    @Override
    public Tensor forward(Tensor input) {
        return forward(input, initial(input)).output();
    }

    public Result forward(Tensor input, Tensor h_0) {
        List<Tensor> results = Tensor.call_all("aten.gru.input", input, h_0, weights(), true, num_layers, dropout,
            training(), bidirectional, batch_first);
        return new Result(results.get(0), results.get(1));
    }
}
