package dev.kiln.demo.train;

import dev.kiln.nn.Functional;
import dev.kiln.nn.LayerNorm;
import dev.kiln.nn.Linear;
import dev.kiln.nn.Module;
import dev.kiln.tensor.Generator;
import dev.kiln.tensor.Tensor;

/** Attention, then two dense layers; each is added to what it was given, normalized. */
public final class GptBlock extends Module {
    private final int heads;
    private final double dropout;
    public final LayerNorm first;
    public final Linear queryKeyValue;
    public final Linear projection;
    public final LayerNorm second;
    public final Linear wide;
    public final Linear narrow;

    GptBlock(Gpt.Settings settings, Generator generator) {
        int width = settings.width();
        heads = settings.heads();
        dropout = settings.dropout();
        first = new LayerNorm(width);
        queryKeyValue = new Linear(width, 3 * width, generator);
        projection = new Linear(width, width, generator);
        second = new LayerNorm(width);
        wide = new Linear(width, 4 * width, generator);
        narrow = new Linear(4 * width, width, generator);
    }

    /** [batch, sequence, width], and so is the result. */
    public Tensor forward(Tensor x) {
        Tensor attended = x.add(dropped(attention(first.forward(x))));
        Tensor inner = wide.forward(second.forward(attended)).gelu("tanh");
        return attended.add(dropped(narrow.forward(inner)));
    }

    private Tensor attention(Tensor x) {
        Tensor parts = queryKeyValue.forward(x).unflatten(-1, 3, heads, -1).permute(2, 0, 3, 1, 4);
        Tensor mixed = Functional.scaled_dot_product_attention(parts.select(0, 0), parts.select(0, 1), parts.select(0, 2),
            null, training() ? dropout : 0, true);
        return projection.forward(mixed.transpose(1, 2).flatten(2, 3));
    }

    private Tensor dropped(Tensor x) {
        return dropout == 0 ? x : Functional.dropout(x, dropout, training());
    }
}
