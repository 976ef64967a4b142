package dev.kiln.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code kiln version}. */
@Command(description = "Shows the versions of Kiln and of the JVM.")
public final class VersionCommand implements KilnCommand {
    @Spec
    private CommandSpec spec;

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Show this help.")
    private boolean help;

    @Option(names = "--json", description = "End with one line of JSON.")
    private boolean json;

    static String version() {
        Properties properties = new Properties();
        try (InputStream in = VersionCommand.class.getResourceAsStream("version.properties")) {
            properties.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return properties.getProperty("version");
    }

    @Override
    public String name() {
        return "version";
    }

    @Override
    public Integer call() {
        String java = Runtime.version().toString();
        if (json) {
            Json.line(spec.commandLine().getOut(), line -> {
                line.writeStringField("version", version());
                line.writeStringField("java", java);
            });
        } else {
            spec.commandLine().getOut().println("kiln " + version() + " on Java " + java);
        }
        return 0;
    }
}
