package dev.kiln.demo;

import dev.kiln.CompiledModel;
import dev.kiln.kernels.runtime.Tensor;
import java.nio.file.Path;
import java.util.List;

/** Sentences in, unit vectors out. */
final class SentenceEmbedder implements AutoCloseable {
    private final SentenceTokenizer tokenizer;
    private final CompiledModel model;

    /** Closes {@code model} with itself. */
    SentenceEmbedder(CompiledModel model, Path natives) {
        this.model = model;
        this.tokenizer = SentenceTokenizer.open(natives);
    }

    /** One vector of length 1 a sentence, [sentences][384], and how it came about. */
    record Embedded(float[][] vectors, TokenBatch tokens, double runMillis) {
    }

    Embedded embed(List<String> sentences) {
        TokenBatch tokens = tokenizer.encode(sentences);
        var inputs = tokens.tensors();
        long start = System.nanoTime();
        Tensor states = model.run(inputs).get("last_hidden_state");
        double millis = (System.nanoTime() - start) / 1e6;
        return new Embedded(Embeddings.pool(states, tokens.mask()), tokens, millis);
    }

    @Override
    public void close() {
        tokenizer.close();
        model.close();
    }
}
