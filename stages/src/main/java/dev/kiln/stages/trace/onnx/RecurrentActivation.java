package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;

/** The activation functions of recurrent operators, which ONNX lists by name with parameters in lists of their own. */
final class RecurrentActivation {
    private final NodeImport n;
    private final Iterator<Float> alphas;
    private final Iterator<Float> betas;

    private RecurrentActivation(NodeImport n, List<Float> alphas, List<Float> betas) {
        this.n = n;
        this.alphas = alphas.iterator();
        this.betas = betas.iterator();
    }

    static List<UnaryOperator<Arg.Ref>> of(NodeImport n, List<String> names, List<Float> alphas, List<Float> betas) {
        RecurrentActivation next = new RecurrentActivation(n, alphas, betas);
        List<UnaryOperator<Arg.Ref>> functions = new ArrayList<>();
        names.forEach(name -> functions.add(next.function(name)));
        return functions;
    }

    private UnaryOperator<Arg.Ref> function(String name) {
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "sigmoid", "tanh", "relu", "softplus" -> {
                String overload = "aten." + name.toLowerCase(Locale.ROOT) + ".default";
                yield x -> n.call(overload, x);
            }
            case "softsign" -> x -> n.call("aten.div.Tensor", x,
                n.call("aten.add.Scalar", n.call("aten.abs.default", x), 1));
            case "affine" -> line(next(alphas, 1), next(betas, 0));
            case "leakyrelu" -> {
                double slope = next(alphas, 0.01);
                yield x -> n.call("aten.leaky_relu.default", x, slope);
            }
            case "elu" -> {
                double alpha = next(alphas, 1);
                yield x -> n.call("aten.elu.default", x, alpha);
            }
            case "thresholdedrelu" -> {
                double alpha = next(alphas, 1);
                yield x -> n.call("aten.threshold.default", x, alpha, 0.0);
            }
            case "hardsigmoid" -> {
                UnaryOperator<Arg.Ref> line = line(next(alphas, 0.2), next(betas, 0.5));
                yield x -> n.call("aten.clamp.default", line.apply(x), 0.0, 1.0);
            }
            case "scaledtanh" -> {
                double alpha = next(alphas, 1);
                double beta = next(betas, 1);
                yield x -> n.call("aten.mul.Scalar",
                    n.call("aten.tanh.default", n.call("aten.mul.Scalar", x, beta)), alpha);
            }
            default -> throw new KilnException.Unsupported("activation '" + name + "' is not supported");
        };
    }

    private UnaryOperator<Arg.Ref> line(double alpha, double beta) {
        return x -> n.call("aten.add.Scalar", n.call("aten.mul.Scalar", x, alpha), beta);
    }

    private static double next(Iterator<Float> given, double otherwise) {
        return given.hasNext() ? given.next() : otherwise;
    }
}
