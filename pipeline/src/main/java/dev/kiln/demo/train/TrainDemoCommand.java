package dev.kiln.demo.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kiln.FunctionOptions;
import dev.kiln.Kiln;
import dev.kiln.cli.CommonOptions;
import dev.kiln.cli.KilnCommand;
import dev.kiln.CompileListener;
import java.io.PrintWriter;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code kiln train-demo}: trains a small language model on source text. */
@Command(description = "Trains a small GPT on this repository's sources, letter by letter.")
public final class TrainDemoCommand implements KilnCommand {
    private static final int LINES = 20;

    @Spec
    private CommandSpec spec;

    @Option(names = "--steps", paramLabel = "N", defaultValue = "1000", description = "Steps (default ${DEFAULT-VALUE}).")
    private int steps;

    @Option(names = "--batch", paramLabel = "N", defaultValue = "16",
        description = "Passages of a step (default ${DEFAULT-VALUE}).")
    private int batch;

    @Option(names = "--text", paramLabel = "FOLDER", description = "Learns from the files below a folder instead.")
    private Path text;

    @Option(names = "--suffix", paramLabel = "S", defaultValue = ".java",
        description = "Of the files to learn from (default ${DEFAULT-VALUE}).")
    private String suffix;

    @Mixin
    private CommonOptions options;

    @Override
    public String name() {
        return "train-demo";
    }

    @Override
    public Integer call() throws JsonProcessingException {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        Path folder = text != null ? text : Path.of(System.getProperty("kiln.home", "."));
        Corpus corpus = Corpus.of(folder, suffix, TrainDemo.Settings.MODEL.context());
        TrainReport report = new TrainReport(err, steps, Math.max(1, steps / LINES));
        report.begin(TrainDemo.Settings.MODEL, corpus, batch);
        try (Kiln kiln = Kiln.open(options.config(CompileListener.SILENT))) {
            TrainDemo.Settings settings = new TrainDemo.Settings(TrainDemo.Settings.MODEL, batch, steps,
                options.compileOptions().seed());
            TrainDemo.Result result = new TrainDemo(kiln, corpus, settings,
                FunctionOptions.defaults().withCompile(options.compileOptions())).run(report);
            out.println(options.json() ? new ObjectMapper().writeValueAsString(result) : TrainReport.text(result));
            out.flush();
            return 0;
        }
    }
}
