package dev.kiln.demo.train;

import dev.kiln.nn.Embedding;
import dev.kiln.nn.Functional;
import dev.kiln.nn.LayerNorm;
import dev.kiln.nn.Linear;
import dev.kiln.nn.Module;
import dev.kiln.nn.ModuleList;
import dev.kiln.tensor.Generator;
import dev.kiln.tensor.Tensor;

/** A language model of causal attention (Radford et al.: Language models are unsupervised multitask learners, 2019). */
public final class Gpt extends Module {
    private final Settings settings;
    public final Embedding tokens;
    /** [context, width] */
    public final Tensor positions;
    public final ModuleList<GptBlock> blocks;
    public final LayerNorm norm;
    public final Linear head;

    /**
     * Sizes of a model.
     *
     * @param context tokens of a sequence at most
     * @param dropout share of attention weights and of branches that training leaves out
     */
    public record Settings(int vocabulary, int layers, int width, int heads, int context, double dropout) {
    }

    public Gpt(Settings settings, Generator generator) {
        this.settings = settings;
        tokens = new Embedding(settings.vocabulary(), settings.width(), generator);
        positions = parameter(generator.normal(0, 0.1, settings.context(), settings.width()));
        blocks = ModuleList.of(settings.layers(), i -> new GptBlock(settings, generator));
        norm = new LayerNorm(settings.width());
        head = new Linear(settings.width(), settings.vocabulary(), generator);
    }

    public Settings settings() {
        return settings;
    }

    /**
     * What comes next.
     *
     * @param input i64 [batch, context] token numbers
     * @return [batch, context, vocabulary] logits
     */
    public Tensor forward(Tensor input) {
        Tensor x = tokens.forward(input).add(positions);
        for (GptBlock block : blocks) {
            x = block.forward(x);
        }
        return head.forward(norm.forward(x));
    }

    /**
     * The mean loss of a prediction.
     *
     * @param target i64 [batch, context]: for each place the token that comes next
     */
    public Tensor loss(Tensor input, Tensor target) {
        return Functional.cross_entropy(forward(input).flatten(0, 1), target.flatten(0, 1));
    }
}
