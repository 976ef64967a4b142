package dev.kiln.bench.training;

import dev.kiln.CompiledFunction;
import dev.kiln.FunctionOptions;
import dev.kiln.Kiln;
import dev.kiln.demo.train.Gpt;
import dev.kiln.optim.AdamW;
import dev.kiln.tensor.Generator;
import dev.kiln.tensor.Tensor;
import java.util.List;

/** The GPT compiled by Kiln. */
final class KilnGpt implements AutoCloseable {
    private final GptShape shape;
    private final CompiledFunction loss;
    private final AdamW optimizer;
    private final List<Tensor> parameters;

    KilnGpt(Kiln kiln, GptShape shape, FunctionOptions options, double learningRate) {
        this.shape = shape;
        Gpt model = new Gpt(new Gpt.Settings(shape.vocabulary(), shape.layers(), shape.width(), shape.heads(),
            shape.sequence(), 0), new Generator(1));
        parameters = model.parameters();
        loss = kiln.compile(model::loss, options);
        optimizer = new AdamW(kiln, parameters, AdamW.Settings.defaults().withLr(learningRate), options);
    }

    /** Forward, backward and the optimizer; the loss. */
    double step(long[] tokens, long[] targets) {
        optimizer.zero_grad();
        Tensor value = forward(tokens, targets);
        value.backward();
        optimizer.step();
        return value.item().doubleValue();
    }

    Tensor forward(long[] tokens, long[] targets) {
        return loss.call(Tensor.of(tokens, shape.batch(), shape.sequence()),
            Tensor.of(targets, shape.batch(), shape.sequence()));
    }

    CompiledFunction loss() {
        return loss;
    }

    AdamW optimizer() {
        return optimizer;
    }

    long weights() {
        return parameters.stream().mapToLong(p -> p.value().numel()).sum();
    }

    @Override
    public void close() {
        loss.close();
        optimizer.close();
    }
}
