package dev.kiln.stages.autotune;

import dev.kiln.stages.autotune.WorkerProtocol.Command;
import dev.kiln.stages.autotune.WorkerProtocol.Reply;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.FileOutputStream;
import java.io.FileDescriptor;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * The process that runs candidates: commands on standard input, replies on standard output. It knows nothing of kernels
 * but numbers, and may be lost at any time. It ends with its parent, even while a candidate hangs.
 */
public final class TuningWorker {
    private static final int PARENT_GONE = 3;

    private TuningCode code;

    private TuningWorker() {
    }

    /** Serves until standard input ends. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        DataOutputStream out = new DataOutputStream(new BufferedOutputStream(new FileOutputStream(FileDescriptor.out)));
        System.setOut(System.err);
        BlockingQueue<Command> commands = new LinkedBlockingQueue<>();
        Thread reader = new Thread(() -> read(commands), "commands");
        reader.setDaemon(true);
        reader.start();
        WorkerProtocol.write(out, Reply.DONE);
        TuningWorker worker = new TuningWorker();
        while (true) {
            WorkerProtocol.write(out, worker.reply(commands.take()));
        }
    }

    private static void read(BlockingQueue<Command> commands) {
        try (DataInputStream in = new DataInputStream(new BufferedInputStream(System.in))) {
            while (true) {
                commands.add(WorkerProtocol.readCommand(in));
            }
        } catch (IOException e) {
            Runtime.getRuntime().halt(PARENT_GONE);
        }
    }

    private static long[] places(Set<String> some, List<String> all) {
        return some.stream().mapToLong(all::indexOf).toArray();
    }

    private Reply reply(Command command) {
        try {
            return switch (command) {
                case WorkerProtocol.Load load -> {
                    if (code != null) {
                        code.close();
                    }
                    code = new TuningCode(load.code());
                    yield new Reply(places(code.missing(), load.code().externs()), "");
                }
                case WorkerProtocol.Memory memory -> {
                    code.memory(memory.file(), memory.spans());
                    yield Reply.DONE;
                }
                case WorkerProtocol.Run run -> new Reply(code.run(run.candidate(), run.symbols(), run.arguments(),
                    run.flushed(), run.runs()), "");
            };
        } catch (RuntimeException | LinkageError e) {
            return new Reply(new long[0], String.valueOf(e.getMessage()));
        }
    }
}
