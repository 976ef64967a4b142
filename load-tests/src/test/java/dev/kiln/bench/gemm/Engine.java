package dev.kiln.bench.gemm;

import dev.kiln.ops.graph.ConstantValue;

/** One way to compute a problem, ready to run. */
interface Engine extends AutoCloseable {
    /** What the table calls it. */
    String label();

    /** Runs so many times in a row, with the copies of the weight in turn. */
    void run(int calls);

    /** The result of a run with the first copy. */
    ConstantValue result();

    /** Is called before each time that counts. */
    default void settle() {
    }

    @Override
    void close();
}
