package dev.kiln.stages.autotune;

import dev.kiln.stages.codegen.Kernel;

/** A variant of a kernel in the running; {@code number} is its place in the tuning library. */
record Candidate(int number, Kernel kernel, Kernel.Variant variant) {
    /** The name that its functions have in the tuning library, where all variants of a kernel stand together. */
    String function() {
        return kernel.name() + "_v" + number;
    }

    String label() {
        return variant.label();
    }
}
