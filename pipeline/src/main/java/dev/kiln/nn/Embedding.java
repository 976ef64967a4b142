package dev.kiln.nn;

import dev.kiln.tensor.Generator;
import dev.kiln.tensor.Tensor;

/** Rows of a table by i64 indices of any sizes. */
public final class Embedding extends Module implements Layer {
    /** [num_embeddings, embedding_dim] */
    public Tensor weight;

    public Embedding(int num_embeddings, int embedding_dim, Generator generator) {
        weight = parameter(generator.normal(0, 1, num_embeddings, embedding_dim));
    }

    @Override
    public Tensor forward(Tensor input) {
        return Functional.embedding(input, weight);
    }
}
