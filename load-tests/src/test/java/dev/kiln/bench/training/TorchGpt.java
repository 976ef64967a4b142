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
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
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
final class TorchGpt implements Trainer {
    private static final double EPS = 1e-5;

    private final GptShape shape;
    private final boolean autocast;
    private final List<Tensor> parameters = new ArrayList<>();
    private final AdamW optimizer;
    private boolean setToNone = true;
    private int next;
    private double lastLoss;

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
        Tensor x = kept(() -> add(embedding(parameter(), tokens), parameter()));
        for (int layer = 0; layer < shape.layers(); layer++) {
            x = replaced(x, in -> add(in, attention(normed(in))));
            x = replaced(x, in -> add(in, projected(gelu(projected(normed(in)), "tanh"))));
        }
        return replaced(x, in -> cross_entropy_loss(projected(normed(in)).view(shape.tokens(), shape.vocabulary()), targets));
    }

    /** What is computed on the way is let go of at once, as Python does: only autograd keeps what it needs. */
    private static Tensor kept(Supplier<Tensor> body) {
        try (PointerScope scope = new PointerScope()) {
            Tensor result = body.get();
            result.retainReference();
            scope.detach(result);
            return result;
        }
    }

    private static Tensor replaced(Tensor x, UnaryOperator<Tensor> body) {
        Tensor result = kept(() -> body.apply(x));
        x.close();
        return result;
    }

    @Override
    public StepMillis step(long[] tokens, long[] targets) {
        long start = System.nanoTime();
        optimizer.zero_grad(setToNone);
        Tensor loss = forward(tokens, targets);
        long forward = System.nanoTime();
        loss.backward();
        long backward = System.nanoTime();
        lastLoss = loss.item_double();
        loss.close();
        optimizer.step().close();
        long end = System.nanoTime();
        return new StepMillis((forward - start) / 1e6, (backward - forward) / 1e6, (end - backward) / 1e6);
    }

    private Tensor forward(long[] tokens, long[] targets) {
        return kept(() -> {
            Tensor x = torch.tensor(tokens).view(shape.batch(), shape.sequence());
            Tensor y = torch.tensor(targets);
            torch.set_autocast_enabled(DeviceType.CPU, autocast);
            torch.set_autocast_dtype(DeviceType.CPU, ScalarType.BFloat16);
            try {
                return loss(x, y);
            } finally {
                torch.set_autocast_enabled(DeviceType.CPU, false);
                torch.clear_cache();
            }
        });
    }

    @Override
    public double loss() {
        return lastLoss;
    }

    @Override
    public void release(boolean keepGradients) {
        setToNone = !keepGradients;
        optimizer.zero_grad(setToNone);
        MemoryMeter.collect();
    }

    @Override
    public long weights() {
        return parameters.stream().mapToLong(Tensor::numel).sum();
    }

    @Override
    public void close() {
        optimizer.close();
        parameters.forEach(Tensor::close);
    }
}
