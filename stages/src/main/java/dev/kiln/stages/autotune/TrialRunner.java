package dev.kiln.stages.autotune;

import dev.kiln.kernels.cpu.Isa;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/** Where candidates run: in this process, or in one that may be lost. */
interface TrialRunner extends AutoCloseable {
    /** No memory is flushed from the caches between runs. */
    int NO_FLUSH = -1;

    /**
     * All that candidates need besides memory.
     *
     * @param runtime shared object of the run-time library
     * @param object shared object of the candidates
     * @param externs library functions that they call, in order
     */
    record Code(Path runtime, Isa isa, int threads, Path object, List<String> externs) {
    }

    /** A piece of the file that the tuned kernel's memory lies in. */
    record Span(long offset, long bytes, boolean written) {
    }

    /** Makes a kernel's memory known; it replaces that of the kernel before. */
    void memory(Path file, List<Span> spans);

    /**
     * Runs a candidate some times.
     *
     * @param symbols the graph's
     * @param arguments numbers of spans
     * @param flushed the span that is not in the caches when a run begins, or {@link #NO_FLUSH}
     * @param limit what takes longer is taken to hang
     * @return nanoseconds of each run
     * @throws CandidateFailure when it fails, crashes or does not return in time
     */
    long[] run(int candidate, long[] symbols, int[] arguments, int flushed, int runs, Duration limit)
        throws CandidateFailure;

    /** Library functions that candidates call and that are not there. */
    Set<String> missing();

    /** As the autotune log names it. */
    String name();

    @Override
    void close();
}
