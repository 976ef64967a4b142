package dev.kiln.demo;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kiln.CompileListener;
import dev.kiln.cli.CommonOptions;
import dev.kiln.cli.KilnCommand;
import java.io.PrintWriter;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kiln demo}: a first look that needs no model and no options. */
@Command(description = "Compiles a sentence transformer and compares sentences with it.")
public final class DemoCommand implements KilnCommand {
    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "SENTENCE", arity = "0..*", description = "Your own sentences.")
    private List<String> sentences = List.of();

    @Mixin
    private CommonOptions options;

    @Override
    public String name() {
        return "demo";
    }

    @Override
    public Integer call() throws JsonProcessingException {
        PrintWriter err = spec.commandLine().getErr();
        err.println("Embedding sentences with all-MiniLM-L6-v2 (22 million parameters, f32) as native code.");
        err.flush();
        DemoReport report = Demo.run(options.config(progress(err)), options.compileOptions(),
                sentences.isEmpty() ? Demo.SENTENCES : sentences);
        PrintWriter out = spec.commandLine().getOut();
        out.println(options.json() ? new ObjectMapper().writeValueAsString(report.json()) : report.text());
        out.flush();
        return 0;
    }

    private static CompileListener progress(PrintWriter to) {
        return new CompileListener() {
            @Override
            public void phaseFinished(String job, String phase, double millis) {
                to.printf("  %-14s %s%n", phase, DemoReport.duration(millis));
                to.flush();
            }
        };
    }
}
