package dev.kiln.bench.training;

/** A model and its optimizer in one of the engines. */
interface Trainer extends AutoCloseable {

    /** Forward, backward and the optimizer, with new gradients. */
    StepMillis step(long[] tokens, long[] targets);

    /** Of the last step. */
    double loss();

    /**
     * Gives memory that is not in use back to the system.
     *
     * @param keepGradients whether the memory of gradients stays, and the next steps put theirs into it
     */
    void release(boolean keepGradients);

    /** Elements of all parameters. */
    long weights();

    @Override
    void close();
}
