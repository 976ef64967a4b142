package dev.kiln.bench.training;

/** The parts of a training step, in order. */
public record StepMillis(double forward, double backward, double optimizer) {
    public double all() {
        return forward + backward + optimizer;
    }
}
