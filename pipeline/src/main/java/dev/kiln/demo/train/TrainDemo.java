package dev.kiln.demo.train;

import dev.kiln.CompiledFunction;
import dev.kiln.FunctionOptions;
import dev.kiln.Kiln;
import dev.kiln.optim.AdamW;
import dev.kiln.pipeline.function.FunctionVariant;
import dev.kiln.tensor.Generator;
import dev.kiln.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Trains the model: forward, backward and optimizer compiled, and tells how it goes. */
final class TrainDemo {
    private static final double LEARNING_RATE = 4e-3;
    private static final int WARM_UP = 20;

    private final Kiln kiln;
    private final Corpus corpus;
    private final Settings settings;
    private final FunctionOptions options;

    /** What is trained and for how long. */
    record Settings(Gpt.Settings model, int batch, int steps, long seed) {
        static final Gpt.Settings MODEL = new Gpt.Settings(Corpus.LETTERS, 3, 128, 4, 128, 0.02);
    }

    /** Hears of each step. */
    interface Listener {
        void stepped(int step, double loss, double millis);
    }

    /**
     * What came of it.
     *
     * @param readyMillis until the first step was done: tracing, compiling or loading, and running it
     * @param warm whether all graphs came from the cache
     * @param stepMillis median of a step
     * @param accuracy share of held-out letters that were predicted right
     */
    record Result(long parameters, double readyMillis, boolean warm, double stepMillis, double firstLoss, double lastLoss,
            double heldOutLoss, double accuracy, int steps) {
    }

    TrainDemo(Kiln kiln, Corpus corpus, Settings settings, FunctionOptions options) {
        this.kiln = kiln;
        this.corpus = corpus;
        this.settings = settings;
        this.options = options;
    }

    Result run(Listener listener) {
        Gpt model = new Gpt(settings.model(), new Generator(settings.seed()));
        List<Tensor> parameters = model.parameters();
        SplittableRandom random = new SplittableRandom(settings.seed());
        List<Double> losses = new ArrayList<>();
        List<Double> times = new ArrayList<>();
        try (CompiledFunction loss = kiln.compile(model::loss, options);
                AdamW optimizer = new AdamW(kiln, parameters, AdamW.Settings.defaults().withLr(LEARNING_RATE), options)) {
            for (int step = 0; step < settings.steps(); step++) {
                optimizer.learningRate(rate(step));
                Corpus.Batch batch = corpus.draw(random, settings.batch(), settings.model().context());
                long start = System.nanoTime();
                optimizer.zero_grad();
                Tensor value = loss.call(batch.input(), batch.target());
                value.backward();
                optimizer.step();
                losses.add(value.item().doubleValue());
                times.add((System.nanoTime() - start) / 1e6);
                listener.stepped(step, losses.getLast(), times.getLast());
            }
            boolean warm = loss.variants().stream().allMatch(FunctionVariant::cacheHit)
                && optimizer.compiled().variants().stream().allMatch(FunctionVariant::cacheHit);
            model.eval();
            Evaluation evaluation = evaluate(model, new SplittableRandom(settings.seed() + 1));
            return new Result(parameters.stream().mapToLong(p -> p.value().numel()).sum(), times.getFirst(), warm,
                median(times), losses.getFirst(), mean(losses.subList(Math.max(0, losses.size() - 10), losses.size())),
                evaluation.loss(), evaluation.accuracy(), settings.steps());
        }
    }

    /** Rises at first, then falls as a cosine. */
    private double rate(int step) {
        double rising = Math.min(1, (step + 1.0) / WARM_UP);
        return LEARNING_RATE * rising * (0.55 + 0.45 * Math.cos(Math.PI * step / settings.steps()));
    }

    private record Evaluation(double loss, double accuracy) {
    }

    private Evaluation evaluate(Gpt model, SplittableRandom random) {
        int batches = 16;
        double loss = 0;
        long right = 0;
        long all = 0;
        try (CompiledFunction guess = kiln.compile((Tensor x) -> model.forward(x).argmax(-1), options);
                CompiledFunction losses = kiln.compile((Tensor x, Tensor y) -> model.loss(x, y).detach(), options)) {
            for (int i = 0; i < batches; i++) {
                Corpus.Batch batch = corpus.drawHeldOut(random, settings.batch(), settings.model().context());
                loss += losses.call(batch.input(), batch.target()).item().doubleValue() / batches;
                long[] guesses = guess.call(batch.input()).toLongArray();
                long[] truth = batch.target().toLongArray();
                for (int j = 0; j < truth.length; j++) {
                    right += guesses[j] == truth[j] ? 1 : 0;
                }
                all += truth.length;
            }
        }
        return new Evaluation(loss, (double) right / all);
    }

    private static double median(List<Double> values) {
        return values.stream().sorted().skip(values.size() / 2).findFirst().orElseThrow();
    }

    private static double mean(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    }
}
