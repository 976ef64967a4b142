package dev.kiln.cli;

import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.ServiceLoader;
import picocli.CommandLine;

/** The {@code kiln} command. Exit codes: 0 done, 1 a failure of Kiln's, 2 bad input. */
public final class Main {
    private Main() {
    }

    public static void main(String[] args) {
        System.exit(execute(System.out, System.err, args));
    }

    /** Runs a command line; returns the exit code. */
    public static int execute(PrintStream out, PrintStream err, String... args) {
        if (System.getProperty("logback.configurationFile") == null) {
            System.setProperty("logback.configurationFile", "dev/kiln/cli/logback.xml");
        }
        CommandLine line = commandLine(args);
        PrintWriter toOut = writer(out);
        PrintWriter toErr = writer(err);
        line.setOut(toOut).setErr(toErr);
        line.setParameterExceptionHandler((e, given) -> Failures.report(toErr, e));
        line.setExecutionExceptionHandler((e, command, parsed) -> Failures.report(toErr, e));
        boolean verb = !(line.getCommand() instanceof RootCommand);
        int code = line.execute(verb ? Arrays.copyOfRange(args, 1, args.length) : args);
        toOut.flush();
        toErr.flush();
        return code;
    }

    private static PrintWriter writer(PrintStream to) {
        return new PrintWriter(new OutputStreamWriter(to, StandardCharsets.UTF_8), true);
    }

    /** The verb alone if there is one, because describing all of them to picocli takes long. */
    private static CommandLine commandLine(String[] args) {
        if (args.length > 0 && !args[0].startsWith("-") && !args[0].equals("help")) {
            Optional<KilnCommand> command = find(args[0]);
            if (command.isPresent()) {
                return new CommandLine(command.get()).setCommandName("kiln " + args[0]);
            }
        }
        CommandLine root = new CommandLine(new RootCommand());
        for (KilnCommand command : ServiceLoader.load(KilnCommand.class)) {
            root.addSubcommand(command.name(), command);
        }
        return root;
    }

    private static Optional<KilnCommand> find(String name) {
        switch (name) {
            case "compile":
                return Optional.of(new CompileCommand());
            case "run":
                return Optional.of(new RunCommand());
            default:
                for (KilnCommand command : ServiceLoader.load(KilnCommand.class)) {
                    if (command.name().equals(name)) {
                        return Optional.of(command);
                    }
                }
                return Optional.empty();
        }
    }
}
