package dev.kiln.stages.autotune;

import dev.kiln.ops.KilnException;
import dev.kiln.stages.autotune.WorkerProtocol.Command;
import dev.kiln.stages.autotune.WorkerProtocol.Load;
import dev.kiln.stages.autotune.WorkerProtocol.Memory;
import dev.kiln.stages.autotune.WorkerProtocol.Reply;
import dev.kiln.stages.autotune.WorkerProtocol.Run;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

/** Runs candidates in a process of their own; one that crashes or hangs costs that process, and the next gets another. */
final class IsolatedRunner implements TrialRunner {
    private static final Duration START = Duration.ofSeconds(60);

    private final Path folder;
    private WorkerProcess worker;
    private Set<String> missing = Set.of();
    private boolean ready;
    private Load load;
    private Memory memory;

    private IsolatedRunner(Path folder) {
        this.folder = folder;
    }

    /** Starts the process and returns while it comes up. */
    static IsolatedRunner start(Path folder) throws IOException {
        IsolatedRunner runner = new IsolatedRunner(folder);
        runner.worker = new WorkerProcess(folder);
        return runner;
    }

    /** Makes the candidates known; fails if no such process can be had here. */
    void load(Code code) throws CandidateFailure {
        load = new Load(code);
        process();
    }

    @Override
    public void memory(Path file, List<Span> spans) {
        memory = new Memory(file, spans);
        if (ready) {
            try {
                tell(worker, memory);
            } catch (CandidateFailure e) {
                end();
            }
        }
    }

    @Override
    public long[] run(int candidate, long[] symbols, int[] arguments, int flushed, int runs, Duration limit)
            throws CandidateFailure {
        Reply reply;
        WorkerProcess process = process();
        try {
            reply = process.ask(new Run(candidate, symbols, arguments, flushed, runs), limit);
        } catch (CandidateFailure | RuntimeException e) {
            end();
            throw e;
        }
        if (reply.failed()) {
            throw new CandidateFailure(reply.error());
        }
        return reply.nanos();
    }

    /** The process, or a new one that knows what it was told. */
    private WorkerProcess process() throws CandidateFailure {
        if (ready) {
            return worker;
        }
        try {
            if (worker == null) {
                worker = new WorkerProcess(folder);
            }
            worker.await(START);
            missing = LongStream.of(tell(worker, load).nanos()).mapToObj(i -> load.code().externs().get((int) i))
                .collect(Collectors.toSet());
            if (memory != null) {
                tell(worker, memory);
            }
            ready = true;
            return worker;
        } catch (IOException e) {
            throw new KilnException("cannot start a process for autotuning: " + e.getMessage()
                + " (KILN_AUTOTUNE_ISOLATION=none does without)", e);
        } catch (CandidateFailure | RuntimeException e) {
            end();
            throw e;
        }
    }

    private static Reply tell(WorkerProcess worker, Command command) throws CandidateFailure {
        Reply reply = worker.ask(command, START);
        if (reply.failed()) {
            throw new CandidateFailure(reply.error());
        }
        return reply;
    }

    private void end() {
        ready = false;
        if (worker != null) {
            worker.close();
            worker = null;
        }
    }

    @Override
    public Set<String> missing() {
        return missing;
    }

    @Override
    public String name() {
        return "SubProcess";
    }

    @Override
    public void close() {
        end();
    }
}
