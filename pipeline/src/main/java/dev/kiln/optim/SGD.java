package dev.kiln.optim;

import dev.kiln.FunctionOptions;
import dev.kiln.Kiln;
import dev.kiln.tensor.Tensor;
import java.util.List;

/** Stochastic gradient descent with momentum, as PyTorch has it: the first gradient is the first momentum. */
public final class SGD extends Optimizer {
    private final Settings settings;

    /** Names and values as in PyTorch. */
    public record Settings(double lr, double momentum, double dampening, double weightDecay, boolean nesterov) {
        public static Settings defaults() {
            return new Settings(1e-3, 0, 0, 0, false);
        }

        public Settings withLr(double rate) {
            return new Settings(rate, momentum, dampening, weightDecay, nesterov);
        }

        public Settings withMomentum(double factor) {
            return new Settings(lr, factor, dampening, weightDecay, nesterov);
        }

        public Settings withWeightDecay(double decay) {
            return new Settings(lr, momentum, dampening, decay, nesterov);
        }

        public Settings withNesterov(boolean on) {
            return new Settings(lr, momentum, dampening, weightDecay, on);
        }
    }

    public SGD(Kiln kiln, List<Tensor> parameters, Settings settings) {
        this(kiln, parameters, settings, FunctionOptions.defaults());
    }

    public SGD(Kiln kiln, List<Tensor> parameters, Settings settings, FunctionOptions options) {
        super(kiln, options, parameters, settings.lr(), settings.momentum() == 0 ? List.of() : List.of("momentum_buffer"));
        this.settings = settings;
        prepare();
    }

    /** The negative step size, and what a new gradient counts in the momentum: all in the first step. */
    @Override
    protected List<Tensor> scalars(long count) {
        return List.of(number(-learningRate()), number(count <= 1 ? 1 : 1 - settings.dampening()));
    }

    @Override
    protected void update(Tensor parameter, Tensor gradient, List<Tensor> state, List<Tensor> scalars) {
        Tensor slope = settings.weightDecay() == 0 ? gradient : gradient.add(parameter.mul(settings.weightDecay()));
        if (!state.isEmpty()) {
            Tensor momentum = state.getFirst();
            momentum.mul_(settings.momentum()).add_(slope.mul(scalars.get(1)));
            slope = settings.nesterov() ? slope.add(momentum.mul(settings.momentum())) : momentum;
        }
        parameter.add_(slope.mul(scalars.get(0)));
    }
}
