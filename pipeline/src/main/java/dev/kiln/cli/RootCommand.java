package dev.kiln.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code kiln} without a verb, or with one that is not known. */
@Command(name = "kiln", description = "A tensor-program compiler for the JVM.",
    subcommands = HelpCommand.class)
final class RootCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Show this help.")
    private boolean help;

    @Option(names = {"-V", "--version"}, description = "Show the version.")
    private boolean version;

    @Override
    public Integer call() {
        if (version) {
            spec.commandLine().getOut().println("kiln " + VersionCommand.version());
            return 0;
        }
        throw new CommandLine.ParameterException(spec.commandLine(),
            "a command is missing; kiln --help lists them");
    }
}
