package dev.kiln.pipeline.function;

/**
 * Whether a function's gradients lie in the block of what was saved for them. That is least if they are gone before the next
 * forward, as in most loops; where they once were not, each block would be held for the sake of a part of it, so that
 * from then on gradients have memory of their own. Safe for several threads.
 */
final class GradientPlaces {
    private int held;
    private boolean apart;

    /** A forward begins. */
    synchronized void forward() {
        apart |= held > 0;
    }

    synchronized boolean together() {
        return !apart;
    }

    /** A block has gradients in it. */
    synchronized void hold() {
        held++;
    }

    /** Those of one block are gone. */
    synchronized void gone() {
        held--;
    }
}
