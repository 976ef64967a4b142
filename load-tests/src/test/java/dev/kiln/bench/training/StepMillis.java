package dev.kiln.bench.training;

/** The parts of a training step, in order. */
record StepMillis(double forward, double backward, double optimizer) {
    double all() {
        return forward + backward + optimizer;
    }
}
