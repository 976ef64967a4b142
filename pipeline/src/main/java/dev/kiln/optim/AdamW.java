package dev.kiln.optim;

import dev.kiln.FunctionOptions;
import dev.kiln.Kiln;
import dev.kiln.tensor.Tensor;
import java.util.List;

/** Adam with decoupled weight decay (Loshchilov, Hutter: Decoupled weight decay regularization, 2019). */
public final class AdamW extends Optimizer {
    private final Settings settings;

    /** Names and values as in PyTorch. */
    public record Settings(double lr, double beta1, double beta2, double eps, double weightDecay) {
        public static Settings defaults() {
            return new Settings(1e-3, 0.9, 0.999, 1e-8, 0.01);
        }

        public Settings withLr(double rate) {
            return new Settings(rate, beta1, beta2, eps, weightDecay);
        }

        public Settings withWeightDecay(double decay) {
            return new Settings(lr, beta1, beta2, eps, decay);
        }

        public Settings withBetas(double first, double second) {
            return new Settings(lr, first, second, eps, weightDecay);
        }
    }

    public AdamW(Kiln kiln, List<Tensor> parameters, Settings settings) {
        this(kiln, parameters, settings, FunctionOptions.defaults());
    }

    public AdamW(Kiln kiln, List<Tensor> parameters, Settings settings, FunctionOptions options) {
        super(kiln, options, parameters, settings.lr(), List.of("exp_avg", "exp_avg_sq"));
        this.settings = settings;
        prepare();
    }

    /** What the parameter keeps, the negative step size, and the root of the second moment's correction. */
    @Override
    protected List<Tensor> scalars(long count) {
        double first = 1 - Math.pow(settings.beta1(), count);
        double second = 1 - Math.pow(settings.beta2(), count);
        return List.of(number(1 - learningRate() * settings.weightDecay()), number(-learningRate() / first),
            number(1 / Math.sqrt(second)));
    }

    @Override
    protected void update(Tensor parameter, Tensor gradient, List<Tensor> state, List<Tensor> scalars) {
        Tensor mean = state.get(0);
        Tensor square = state.get(1);
        mean.lerp_(gradient, 1 - settings.beta1());
        square.mul_(settings.beta2()).addcmul_(gradient, gradient, 1 - settings.beta2());
        Tensor root = square.sqrt().mul(scalars.get(2)).add(settings.eps());
        parameter.mul_(scalars.get(0)).addcdiv_(mean.mul(scalars.get(1)), root, 1);
    }
}
