package dev.kiln.bench;

import dev.kiln.cli.KilnCommand;
import dev.kiln.ops.KilnException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kiln bench}: times a model, on its own or against a peer. */
@Command(description = "Times a model; a peer runs in a process of its own, in turn.")
public final class BenchCommand implements KilnCommand {
    private static final String RESNET18 = "resnet18";

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "MODEL", description = "Model file, or " + RESNET18 + " for one with random weights.")
    private Path model;

    @Option(names = "--shape", paramLabel = "NAME=8x128", description = "Shape of an input; repeatable.")
    private List<String> shapes = new ArrayList<>();

    @Option(names = "--static", description = "Fixes Kiln's open dimensions, but those of --dynamic, at --shape.")
    private boolean fixed;

    @Option(names = "--dynamic", paramLabel = "NAME=DIM[:MIN-MAX]",
            description = "Keeps a dimension of an input open for Kiln; repeatable.")
    private List<String> dynamic = new ArrayList<>();

    @Option(names = "--precision", paramLabel = "P", defaultValue = "fp32",
            description = "Kiln's: fp32, bf16, int8-woq, int4-woq (default ${DEFAULT-VALUE}).")
    private String precision;

    @Option(names = "--runs", description = "Counted runs of each engine (default 50; with --start, 5"
            + " processes).")
    private int runs = -1;

    @Option(names = "--rounds", defaultValue = "5",
            description = "Turns of each engine (default ${DEFAULT-VALUE}).")
    private int rounds;

    @Option(names = "--warmup", defaultValue = "10",
            description = "Runs of each engine before the first turn (default ${DEFAULT-VALUE}).")
    private int warmup;

    @Option(names = "--peer", description = "Engine to compare with: onnxruntime.")
    private String peer;

    @Option(names = "--threads", description = "Threads of one run (default: all processors).")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(names = "--seed", defaultValue = "0", description = "Seed of the random inputs.")
    private long seed;

    @Option(names = "--start", description = "Time starts instead: compile, warm start and the peer's load.")
    private boolean start;

    @Option(names = "--json", description = "End with one JSON object.")
    private boolean json;

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Show this help.")
    private boolean help;

    @Override
    public String name() {
        return "bench";
    }

    @Override
    public Integer call() {
        try (WorkFolder work = WorkFolder.create()) {
            Duel.Plan plan = plan(modelFile(work.path()));
            if (start) {
                ColdStart.Result result = new ColdStart(plan, work.path()).run();
                print(BenchReport.text(plan, result), BenchReport.json(plan, result));
            } else {
                Duel.Result result = new Duel(plan, work.path()).run();
                print(BenchReport.text(plan, result), BenchReport.json(plan, result));
            }
        }
        return 0;
    }

    private void print(String text, Map<String, Object> object) {
        PrintWriter out = spec.commandLine().getOut();
        out.println(json ? Json.write(object) : text);
        out.flush();
    }

    /** The model; the name of one that is made here stands for it. */
    private Path modelFile(Path folder) {
        if (Files.isRegularFile(model)) {
            return model.toAbsolutePath();
        }
        if (!model.toString().equals(RESNET18)) {
            throw new KilnException.BadInput(model + ": no such model file");
        }
        try {
            return Files.write(folder.resolve(RESNET18 + ".onnx"), ResNet.resnet18());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write a model to " + folder, e);
        }
    }

    private Duel.Plan plan(Path file) {
        int wanted = runs == -1 ? start ? 5 : 50 : runs;
        if (wanted < 1 || rounds < 1 || warmup < 0 || threads < 1) {
            throw new KilnException.BadInput("--runs, --rounds and --threads take at least 1");
        }
        Map<String, long[]> byName = new LinkedHashMap<>();
        shapes.forEach(shape -> ShapeOption.parse(shape).addTo(byName));
        return new Duel.Plan(file, byName, engines(), threads, warmup, wanted,
                Math.min(rounds, wanted), seed, kilnOptions());
    }

    /** What the user says of precision and open dimensions, as Kiln's command line takes it. */
    private List<String> kilnOptions() {
        List<String> options = new ArrayList<>(List.of("--precision", precision));
        dynamic.forEach(dim -> options.addAll(List.of("--dynamic", dim)));
        if (fixed) {
            options.add("--static");
            shapes.forEach(shape -> options.addAll(List.of("--hint", shape)));
        }
        return options;
    }

    private List<String> engines() {
        if (peer == null) {
            return List.of(KilnEngine.NAME);
        }
        if (peer.equals(KilnEngine.NAME) || !Engine.NAMES.contains(peer)) {
            throw new KilnException.BadInput("--peer takes onnxruntime, not '" + peer + "'");
        }
        return List.of(KilnEngine.NAME, peer);
    }
}
