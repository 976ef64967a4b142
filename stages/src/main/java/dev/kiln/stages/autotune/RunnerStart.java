package dev.kiln.stages.autotune;

import java.io.IOException;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Starts the process for candidates while they are being compiled, so that nobody waits for it. */
final class RunnerStart implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RunnerStart.class);

    private TrialRunner runner;
    private IsolatedRunner coming;

    RunnerStart(AutotuneSettings settings, Path folder) {
        if (settings.isolated()) {
            try {
                coming = IsolatedRunner.start(folder);
            } catch (IOException e) {
                warn(e.getMessage());
            }
        }
    }

    private static void warn(String why) {
        LOG.warn("autotune: no process for candidates can be started, they run in this one ({})", why);
    }

    /** Where candidates of the code run; in this process where no other can be had. */
    TrialRunner runner(TrialRunner.Code code) {
        if (coming != null) {
            try {
                coming.load(code);
                runner = coming;
                return runner;
            } catch (CandidateFailure e) {
                warn(e.getMessage());
            }
        }
        runner = new InProcessRunner(code);
        return runner;
    }

    @Override
    public void close() {
        if (coming != null) {
            coming.close();
        }
        if (runner != null && runner != coming) {
            runner.close();
        }
    }
}
