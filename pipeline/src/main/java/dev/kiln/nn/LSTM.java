package dev.kiln.nn;

import dev.kiln.tensor.Generator;
import dev.kiln.tensor.Tensor;
import java.util.List;

/** Long short-term memory over a sequence [L, N, inputs], or [N, L, inputs] with {@code batch_first}. */
public final class LSTM extends Recurrent implements Layer {
    /**
     * @param output [L, N, hidden_size * directions], batch first if the input is
     * @param h_n last hidden states [layers * directions, N, hidden_size]
     * @param c_n last cell states of the same sizes
     */
    public record Result(Tensor output, Tensor h_n, Tensor c_n) {
    }

    public LSTM(int input_size, int hidden_size, Generator generator) {
        this(input_size, hidden_size, 1, false, 0, false, generator);
    }

    public LSTM(int input_size, int hidden_size, int num_layers, boolean batch_first, double dropout,
            boolean bidirectional, Generator generator) {
        super(4, input_size, hidden_size, num_layers, batch_first, dropout, bidirectional, generator);
    }

    /** The outputs, beginning with states of 0. */
    @Override
    public Tensor forward(Tensor input) {
        return forward(input, initial(input), initial(input)).output();
    }

    public Result forward(Tensor input, Tensor h_0, Tensor c_0) {
        List<Tensor> results = Tensor.call_all("aten.lstm.input", input, List.of(h_0, c_0), weights(), true, num_layers,
            dropout, training(), bidirectional, batch_first);
        return new Result(results.get(0), results.get(1), results.get(2));
    }
}
