package dev.kiln.stages.autotune;

import dev.kiln.stages.codegen.Kernel;

/** A variant of a kernel in the running; {@code number} is its place in the tuning library. */
record Candidate(int number, Kernel kernel, Kernel.Variant variant) {
    String label() {
        return variant.label();
    }

    boolean isReference() {
        return kernel.tuning().filter(t -> t.reference() == variant).isPresent();
    }
}
