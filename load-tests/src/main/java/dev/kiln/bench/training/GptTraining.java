package dev.kiln.bench.training;

import dev.kiln.CompiledFunction;
import dev.kiln.FunctionOptions;
import dev.kiln.Kiln;
import dev.kiln.demo.train.Gpt;
import dev.kiln.optim.AdamW;
import dev.kiln.tensor.Generator;
import dev.kiln.tensor.Tensor;

/** A GPT without dropout and AdamW, compiled: what all benchmarks of training steps run. */
public final class GptTraining implements AutoCloseable {
    private static final double NANOS_PER_MILLI = 1e6;

    private final GptShape shape;
    private final CompiledFunction loss;
    private final AdamW optimizer;
    private double lastLoss;

    public GptTraining(Kiln kiln, GptShape shape, FunctionOptions options, double learningRate) {
        this.shape = shape;
        Gpt model = new Gpt(new Gpt.Settings(shape.vocabulary(), shape.layers(), shape.width(), shape.heads(),
            shape.sequence(), 0), new Generator(1));
        loss = kiln.compile(model::loss, options);
        optimizer = new AdamW(kiln, model.parameters(), AdamW.Settings.defaults().withLr(learningRate), options);
    }

    /** Forward, backward and the optimizer, with new gradients. */
    public StepMillis step(long[] tokens, long[] targets) {
        long start = System.nanoTime();
        optimizer.zero_grad();
        Tensor value = loss.call(Tensor.of(tokens, shape.batch(), shape.sequence()),
            Tensor.of(targets, shape.batch(), shape.sequence()));
        long forward = System.nanoTime();
        value.backward();
        long backward = System.nanoTime();
        lastLoss = value.item().doubleValue();
        optimizer.step();
        long end = System.nanoTime();
        return new StepMillis((forward - start) / NANOS_PER_MILLI, (backward - forward) / NANOS_PER_MILLI,
            (end - backward) / NANOS_PER_MILLI);
    }

    /** Of the last step. */
    public double lastLoss() {
        return lastLoss;
    }

    public CompiledFunction loss() {
        return loss;
    }

    public AdamW optimizer() {
        return optimizer;
    }

    @Override
    public void close() {
        loss.close();
        optimizer.close();
    }
}
