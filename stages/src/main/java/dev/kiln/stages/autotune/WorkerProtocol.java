package dev.kiln.stages.autotune;

import dev.kiln.kernels.cpu.Isa;
import dev.kiln.stages.autotune.TrialRunner.Code;
import dev.kiln.stages.autotune.TrialRunner.Span;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What is said between the compiler and the process that runs candidates. Every command has one reply. */
final class WorkerProtocol {
    private WorkerProtocol() {
    }

    /** What the worker is asked for. */
    sealed interface Command {
    }

    record Load(Code code) implements Command {
    }

    record Memory(Path file, List<Span> spans) implements Command {
    }

    record Run(int candidate, long[] symbols, int[] arguments, int flushed, int runs) implements Command {
    }

    /** Nanoseconds of each run, or of {@link Load} places of library functions that are not there; or what went wrong. */
    record Reply(long[] nanos, String error) {
        static final Reply DONE = new Reply(new long[0], "");

        boolean failed() {
            return !error.isEmpty();
        }
    }

    static void write(DataOutputStream out, Command command) throws IOException {
        switch (command) {
            case Load load -> {
                out.writeByte('L');
                out.writeUTF(load.code.runtime().toString());
                out.writeUTF(load.code.isa().cliName());
                out.writeInt(load.code.threads());
                out.writeUTF(load.code.object().toString());
                out.writeUTF(String.join(" ", load.code.externs()));
            }
            case Memory memory -> {
                out.writeByte('M');
                out.writeUTF(memory.file.toString());
                out.writeInt(memory.spans.size());
                for (Span span : memory.spans) {
                    out.writeLong(span.offset());
                    out.writeLong(span.bytes());
                    out.writeBoolean(span.written());
                }
            }
            case Run run -> {
                out.writeByte('R');
                out.writeInt(run.candidate);
                longs(out, run.symbols);
                out.writeInt(run.arguments.length);
                for (int argument : run.arguments) {
                    out.writeInt(argument);
                }
                out.writeInt(run.flushed);
                out.writeInt(run.runs);
            }
        }
        out.flush();
    }

    static Command readCommand(DataInputStream in) throws IOException {
        byte kind = in.readByte();
        return switch (kind) {
            case 'L' -> new Load(readCode(in));
            case 'M' -> {
                Path file = Path.of(in.readUTF());
                List<Span> spans = new ArrayList<>();
                for (int left = in.readInt(); left > 0; left--) {
                    spans.add(new Span(in.readLong(), in.readLong(), in.readBoolean()));
                }
                yield new Memory(file, spans);
            }
            case 'R' -> {
                int candidate = in.readInt();
                long[] symbols = readLongs(in);
                int[] arguments = new int[in.readInt()];
                for (int i = 0; i < arguments.length; i++) {
                    arguments[i] = in.readInt();
                }
                yield new Run(candidate, symbols, arguments, in.readInt(), in.readInt());
            }
            default -> throw new IOException("unknown command " + kind);
        };
    }

    private static Code readCode(DataInputStream in) throws IOException {
        Path runtime = Path.of(in.readUTF());
        Isa isa = Isa.parse(in.readUTF());
        int threads = in.readInt();
        Path object = Path.of(in.readUTF());
        String externs = in.readUTF();
        return new Code(runtime, isa, threads, object, externs.isEmpty() ? List.of() : List.of(externs.split(" ")));
    }

    static void write(DataOutputStream out, Reply reply) throws IOException {
        out.writeUTF(reply.error);
        longs(out, reply.nanos);
        out.flush();
    }

    static Reply readReply(DataInputStream in) throws IOException {
        String error = in.readUTF();
        return new Reply(readLongs(in), error);
    }

    private static void longs(DataOutputStream out, long[] values) throws IOException {
        out.writeInt(values.length);
        for (long value : values) {
            out.writeLong(value);
        }
    }

    private static long[] readLongs(DataInputStream in) throws IOException {
        long[] values = new long[in.readInt()];
        for (int i = 0; i < values.length; i++) {
            values[i] = in.readLong();
        }
        return values;
    }
}
