package dev.kiln.bench.training;

import static org.bytedeco.pytorch.global.torch.add;
import static org.bytedeco.pytorch.global.torch.cross_entropy_loss;
import static org.bytedeco.pytorch.global.torch.embedding;
import static org.bytedeco.pytorch.global.torch.gelu;
import static org.bytedeco.pytorch.global.torch.layer_norm;
import static org.bytedeco.pytorch.global.torch.linear;
import static org.bytedeco.pytorch.global.torch.scaled_dot_product_attention;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The GPT in libtorch, eagerly, as PyTorch runs it: fused attention, layer norm and loss, one call an op, autograd, and
 * its AdamW. Weights are initialised by a seed of its own.
 */
final class TorchGpt implements AutoCloseable {
    private static final double EPS = 1e-5;

    private final GptShape shape;
    private final boolean autocast;
    private final List<Tensor> parameters = new ArrayList<>();
    private final AdamW optimizer;
    private int next;

    TorchGpt(GptShape shape, boolean autocast, double learningRate) {
        this.shape = shape;
        this.autocast = autocast;
        torch.manual_seed(1);
        int d = shape.width();
        weight(shape.vocabulary(), d);
        weight(shape.sequence(), d);
        for (int layer = 0; layer < shape.layers(); layer++) {
            norm(d);
            linear(3 * d, d);
            linear(d, d);
            norm(d);
            linear(4 * d, d);
            linear(d, 4 * d);
        }
        norm(d);
        linear(shape.vocabulary(), d);
        TensorVector all = new TensorVector(parameters.toArray(new Tensor[0]));
        AdamWOptions options = new AdamWOptions(learningRate);
        options.weight_decay().put(0.01);
        optimizer = new AdamW(all, options);
    }

    private void weight(long... sizes) {
        parameters.add(torch.randn(sizes).mul_(new org.bytedeco.pytorch.Scalar(0.02)).requires_grad_(true));
    }

    private void linear(long out, long in) {
        weight(out, in);
        parameters.add(torch.zeros(out).requires_grad_(true));
    }

    private void norm(long d) {
        parameters.add(torch.ones(d).requires_grad_(true));
        parameters.add(torch.zeros(d).requires_grad_(true));
    }

    private Tensor parameter() {
        return parameters.get(next++);
    }

    private Tensor normed(Tensor x) {
        return layer_norm(x, new long[] {shape.width()}, new TensorOptional(parameter()), new TensorOptional(parameter()),
            EPS, false);
    }

    private Tensor projected(Tensor x) {
        return torch.linear(x, parameter(), new TensorOptional(parameter()));
    }

    private Tensor attention(Tensor x) {
        long b = shape.batch();
        long s = shape.sequence();
        long h = shape.heads();
        long d = shape.headWidth();
        Tensor qkv = projected(x).view(b, s, 3, h, d).permute(2, 0, 3, 1, 4);
        Tensor out = scaled_dot_product_attention(qkv.select(0, 0), qkv.select(0, 1), qkv.select(0, 2),
            new TensorOptional(), 0.0, true, new DoubleOptional(), false);
        return projected(out.transpose(1, 2).reshape(b, s, shape.width()));
    }

    /** The mean loss of predicting {@code targets} [B*S] from {@code tokens} [B, S]. */
    private Tensor loss(Tensor tokens, Tensor targets) {
        next = 0;
        Tensor x = add(embedding(parameter(), tokens), parameter());
        for (int layer = 0; layer < shape.layers(); layer++) {
            x = add(x, attention(normed(x)));
            Tensor inner = gelu(projected(normed(x)), "tanh");
            x = add(x, projected(inner));
        }
        Tensor logits = projected(normed(x)).view(shape.tokens(), shape.vocabulary());
        return cross_entropy_loss(logits, targets);
    }

    /** Forward, backward and the optimizer; the loss. */
    double step(long[] tokens, long[] targets) {
        try (PointerScope scope = new PointerScope()) {
            Tensor x = torch.tensor(tokens).view(shape.batch(), shape.sequence());
            Tensor y = torch.tensor(targets);
            optimizer.zero_grad();
            torch.set_autocast_enabled(DeviceType.CPU, autocast);
            torch.set_autocast_cache_enabled(false);
            torch.set_autocast_dtype(DeviceType.CPU, ScalarType.BFloat16);
            Tensor loss = loss(x, y);
            torch.set_autocast_enabled(DeviceType.CPU, false);
            loss.backward();
            optimizer.step();
            return loss.item_double();
        }
    }

    int parameterCount() {
        return parameters.size();
    }

    long weights() {
        return parameters.stream().mapToLong(Tensor::numel).sum();
    }

    @Override
    public void close() {
        optimizer.close();
        parameters.forEach(Tensor::close);
    }

}
