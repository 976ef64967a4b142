package dev.kiln.bench.training;

import dev.kiln.FunctionOptions;
import dev.kiln.Kiln;
import dev.kiln.pipeline.function.FunctionMemory;
import java.util.List;

/** The GPT compiled by Kiln. */
final class KilnGpt implements Trainer {
    private final Kiln kiln;
    private final GptTraining training;

    KilnGpt(Kiln kiln, GptShape shape, FunctionOptions options, double learningRate) {
        this.kiln = kiln;
        training = new GptTraining(kiln, shape, options, learningRate);
    }

    @Override
    public StepMillis step(long[] tokens, long[] targets) {
        return training.step(tokens, targets);
    }

    @Override
    public double loss() {
        return training.lastLoss();
    }

    @Override
    public void release(boolean keepGradients) {
        if (!keepGradients) {
            training.optimizer().zero_grad();
        }
        MemoryMeter.collect();
        kiln.releaseMemory();
    }

    /** What the calls of the loss, then of the optimizer, took. */
    List<FunctionMemory> memory() {
        return List.of(training.loss().variants().getLast().memory(),
            training.optimizer().compiled().variants().getLast().memory());
    }

    @Override
    public long weights() {
        return training.optimizer().parameters().stream().mapToLong(p -> p.value().numel()).sum();
    }

    @Override
    public void close() {
        training.close();
    }
}
