package dev.kiln.demo;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kiln.CompileListener;
import dev.kiln.KilnConfig;
import dev.kiln.cli.KilnCommand;
import dev.kiln.stages.CompileOptions;
import java.io.PrintWriter;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kiln demo}: a first look that needs no model and no options. */
@Command(name = "demo", description = "Compile a sentence transformer and compare some sentences with it.",
        mixinStandardHelpOptions = true)
public final class DemoCommand implements KilnCommand {
    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "SENTENCE", arity = "0..*", description = "Your own sentences.")
    private List<String> sentences = List.of();

    @Option(names = "--threads", description = "Threads of a run (default: all processors).")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(names = "--json", description = "End with one JSON object.")
    private boolean json;

    @Override
    public Integer call() throws JsonProcessingException {
        PrintWriter err = spec.commandLine().getErr();
        err.println("Embedding sentences with all-MiniLM-L6-v2 (22 million parameters, f32) as native code.");
        err.flush();
        KilnConfig config = KilnConfig.fromEnvironment().withListener(progress(err));
        DemoReport report = Demo.run(config, CompileOptions.defaults().withThreads(threads),
                sentences.isEmpty() ? Demo.SENTENCES : sentences);
        PrintWriter out = spec.commandLine().getOut();
        out.println(json ? new ObjectMapper().writeValueAsString(report.json()) : report.text());
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
