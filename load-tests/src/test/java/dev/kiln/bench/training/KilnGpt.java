package dev.kiln.bench.training;

import dev.kiln.CompiledFunction;
import dev.kiln.FunctionOptions;
import dev.kiln.Kiln;
import dev.kiln.demo.train.Gpt;
import dev.kiln.optim.AdamW;
import dev.kiln.pipeline.function.FunctionMemory;
import dev.kiln.tensor.Generator;
import dev.kiln.tensor.Tensor;
import java.util.List;

/** The GPT compiled by Kiln. */
final class KilnGpt implements Trainer {
    private final Kiln kiln;
    private final GptShape shape;
    private final CompiledFunction loss;
    private final AdamW optimizer;
    private double lastLoss;

    KilnGpt(Kiln kiln, GptShape shape, FunctionOptions options, double learningRate) {
        this.kiln = kiln;
        this.shape = shape;
        Gpt model = new Gpt(new Gpt.Settings(shape.vocabulary(), shape.layers(), shape.width(), shape.heads(),
            shape.sequence(), 0), new Generator(1));
        loss = kiln.compile(model::loss, options);
        optimizer = new AdamW(kiln, model.parameters(), AdamW.Settings.defaults().withLr(learningRate), options);
    }

    @Override
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
        return new StepMillis((forward - start) / 1e6, (backward - forward) / 1e6, (end - backward) / 1e6);
    }

    @Override
    public double loss() {
        return lastLoss;
    }

    @Override
    public void release(boolean keepGradients) {
        if (!keepGradients) {
            optimizer.zero_grad();
        }
        MemoryMeter.collect();
        kiln.releaseMemory();
    }

    /** What the calls of the loss, then of the optimizer, took. */
    List<FunctionMemory> memory() {
        return List.of(loss.variants().getLast().memory(), optimizer.compiled().variants().getLast().memory());
    }

    @Override
    public long weights() {
        return optimizer.parameters().stream().mapToLong(p -> p.value().numel()).sum();
    }

    @Override
    public void close() {
        loss.close();
        optimizer.close();
    }
}
