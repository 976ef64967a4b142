package dev.kiln.stages.autotune;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/** Runs candidates in this process, which a bad one takes with it. */
final class InProcessRunner implements TrialRunner {
    private final TuningCode code;

    InProcessRunner(Code from) {
        code = new TuningCode(from);
    }

    @Override
    public void memory(Path file, List<Span> spans) {
        code.memory(file, spans);
    }

    @Override
    public long[] run(int candidate, long[] symbols, int[] arguments, int flushed, int runs, Duration limit)
            throws CandidateFailure {
        try {
            return code.run(candidate, symbols, arguments, flushed, runs);
        } catch (RuntimeException e) {
            throw new CandidateFailure(e.getMessage());
        }
    }

    @Override
    public Set<String> missing() {
        return code.missing();
    }

    @Override
    public String name() {
        return "SingleProcess";
    }

    @Override
    public void close() {
        code.close();
    }
}
