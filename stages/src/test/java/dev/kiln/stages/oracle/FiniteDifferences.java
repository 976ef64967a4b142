package dev.kiln.stages.oracle;

import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.interpreter.Interpreter;
import dev.kiln.stages.autograd.JointGraph;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/** Gradients against central differences of the interpreter along random directions, in f64. */
final class FiniteDifferences {
    private static final double STEP = 1e-5;
    private static final double TOLERANCE = 1e-6;
    private static final int DIRECTIONS = 3;

    private FiniteDifferences() {
    }

    /** What differs, if anything. */
    static Optional<String> difference(GradientCase sample) {
        Graph forward = sample.forward();
        JointGraph joint = sample.joint(forward);
        Map<String, ConstantValue> inputs = new HashMap<>(sample.inputs());
        Map<String, ConstantValue> outputs = Interpreter.run(forward, inputs);
        for (JointGraph.Tangent t : joint.tangents()) {
            inputs.put(t.source(), sample.tangent(t.output(), outputs.get("out" + t.output())));
        }
        Map<String, ConstantValue> results = Interpreter.run(joint.graph(), inputs);
        Random random = new Random(sample.sample().seed());
        for (int i = 0; i < DIRECTIONS; i++) {
            Map<String, ConstantValue> direction = new HashMap<>();
            joint.gradients().forEach(name -> direction.put(name, gaussian(random, inputs.get(name))));
            double expected = (loss(joint, forward, inputs, direction, STEP)
                - loss(joint, forward, inputs, direction, -STEP)) / (2 * STEP);
            double actual = 0;
            double scale = 1;
            for (var d : direction.entrySet()) {
                ConstantValue gradient = results.get(JointGraph.GRADIENT + d.getKey());
                actual += dot(gradient, d.getValue(), false);
                scale += dot(gradient, d.getValue(), true);
            }
            if (!(Math.abs(expected - actual) <= TOLERANCE * scale)) {
                return Optional.of("along a direction outputs change by " + expected + ", gradients say " + actual);
            }
        }
        return Optional.empty();
    }

    private static double loss(JointGraph joint, Graph forward, Map<String, ConstantValue> inputs,
            Map<String, ConstantValue> direction, double step) {
        Map<String, ConstantValue> moved = new HashMap<>(inputs);
        direction.forEach((name, d) -> moved.put(name, moved(inputs.get(name), d, step)));
        Map<String, ConstantValue> outputs = Interpreter.run(forward, moved);
        return joint.tangents().stream().mapToDouble(t -> dot(outputs.get("out" + t.output()), inputs.get(t.source()),
            false)).sum();
    }

    private static ConstantValue moved(ConstantValue value, ConstantValue direction, double step) {
        ConstantValue moved = ConstantValue.allocate(value.dtype(), value.sizes());
        for (long i = 0; i < value.numel(); i++) {
            moved.set(i, value.doubleAt(i) + step * direction.doubleAt(i));
        }
        return moved;
    }

    private static ConstantValue gaussian(Random random, ConstantValue like) {
        ConstantValue value = ConstantValue.allocate(like.dtype(), like.sizes());
        for (long i = 0; i < value.numel(); i++) {
            value.set(i, random.nextGaussian());
        }
        return value;
    }

    private static double dot(ConstantValue x, ConstantValue y, boolean absolute) {
        double sum = 0;
        for (long i = 0; i < x.numel(); i++) {
            double product = x.doubleAt(i) * y.doubleAt(i);
            sum += absolute ? Math.abs(product) : product;
        }
        return sum;
    }
}
