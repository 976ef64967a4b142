package dev.kiln.stages.autotune;

import dev.kiln.ops.KilnException;
import dev.kiln.stages.autotune.WorkerProtocol.Command;
import dev.kiln.stages.autotune.WorkerProtocol.Reply;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A process that runs {@link TuningWorker}, with this one's class path. */
final class WorkerProcess implements AutoCloseable {
    /** What the virtual machine writes of a crash; the first line that names a signal tells most. */
    private static final String CRASH = "crash.log";
    private static final String SIGNAL = "#  SIG";
    private static final int SIGNALLED = 128;
    private static final Reply ENDED = new Reply(new long[0], "ended");

    private final Path folder;
    private final Process process;
    private final DataOutputStream commands;
    private final BlockingQueue<Reply> replies = new LinkedBlockingQueue<>();

    /** Starts it; it is ready when the first {@link #await} returns. */
    WorkerProcess(Path folder) throws IOException {
        this.folder = folder;
        ProcessBuilder builder = new ProcessBuilder(command()).directory(folder.toFile())
            .redirectError(folder.resolve("worker.err").toFile());
        builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
        process = builder.start();
        commands = new DataOutputStream(new BufferedOutputStream(process.getOutputStream()));
        Thread reader = new Thread(this::read, "kiln-tuning-replies");
        reader.setDaemon(true);
        reader.start();
    }

    private List<String> command() {
        List<String> command = new ArrayList<>(List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Xlog:disable", "-XX:-CreateCoredumpOnCrash",
            "-XX:+DisplayVMOutputToStderr", "-XX:ErrorFile=" + folder.resolve(CRASH),
            "--enable-native-access=ALL-UNNAMED"));
        String archive = System.getProperty("kiln.aot.cache");
        if (archive != null && Files.isReadable(Path.of(archive))) {
            command.addAll(List.of("-XX:AOTCache=" + archive, "-XX:+UnlockDiagnosticVMOptions",
                "-XX:ArchiveRelocationMode=0"));
        }
        command.add(TuningWorker.class.getName());
        return command;
    }

    private void read() {
        try (DataInputStream in = new DataInputStream(new BufferedInputStream(process.getInputStream()))) {
            while (true) {
                replies.add(WorkerProtocol.readReply(in));
            }
        } catch (IOException e) {
            replies.add(ENDED);
        }
    }

    /** Asks and waits for the reply. */
    Reply ask(Command command, Duration limit) throws CandidateFailure {
        try {
            WorkerProtocol.write(commands, command);
        } catch (IOException e) {
            throw new CandidateFailure(cause());
        }
        return await(limit);
    }

    /** The next reply; a process that gives none in time is ended. */
    Reply await(Duration limit) throws CandidateFailure {
        try {
            Reply reply = replies.poll(limit.toMillis(), TimeUnit.MILLISECONDS);
            if (reply == null) {
                process.destroyForcibly();
                throw new CandidateFailure("did not return within " + limit.toMillis() / 1000.0 + " s");
            }
            if (reply == ENDED) {
                throw new CandidateFailure(cause());
            }
            return reply;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KilnException("interrupted while kernel candidates were measured", e);
        }
    }

    /** Why the process ended. */
    private String cause() {
        try {
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return "closed its replies";
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        int code = process.isAlive() ? 0 : process.exitValue();
        return "crashed: " + signal().orElse(code > SIGNALLED ? "signal " + (code - SIGNALLED) : "exit code " + code);
    }

    private java.util.Optional<String> signal() {
        try (Stream<String> lines = Files.lines(folder.resolve(CRASH))) {
            return lines.filter(l -> l.startsWith(SIGNAL)).findFirst()
                .map(l -> l.substring(SIGNAL.length() - "SIG".length()).split(" ")[0]);
        } catch (IOException | java.io.UncheckedIOException e) {
            return java.util.Optional.empty();
        } finally {
            folder.resolve(CRASH).toFile().delete();
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
