package dev.kiln.bench;

import dev.kiln.CompiledModel;
import dev.kiln.Kiln;
import dev.kiln.Profile;
import dev.kiln.cli.CommonOptions;
import dev.kiln.cli.KilnCommand;
import dev.kiln.cli.Progress;
import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.stages.CompileRequest;
import dev.kiln.stages.trace.TraceOptions;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kiln profile}: where the time of a model goes, kernel by kernel. */
@Command(description = "Runs a model on random inputs and tells how long each kernel takes.")
public final class ProfileCommand implements KilnCommand {
    private static final int BAR = 20;

    @Spec
    private CommandSpec spec;

    @Mixin
    private CommonOptions options;

    @Option(names = "--runs", defaultValue = "20", description = "Runs to measure (default ${DEFAULT-VALUE}).")
    private int runs;

    @Option(names = "--steps", description = "One line a step in the order of the run, not one a kernel.")
    private boolean steps;

    @Option(names = "--seed", defaultValue = "0", description = "Seed of the random inputs.")
    private long seed;

    @Parameters(paramLabel = "MODEL", description = "An .onnx or .pt2 file.")
    private Path model;

    @Override
    public String name() {
        return "profile";
    }

    @Override
    public Integer call() {
        CompileRequest request = options.request(model);
        try (Kiln kiln = Kiln.open(options.config(Progress.of(spec.commandLine().getErr(), options.json())));
                CompiledModel compiled = kiln.compileBlocking(request)) {
            List<InputSpec> inputs = compiled.inputs().stream().map(KilnEngine::spec).toList();
            Map<String, Tensor> random = new InputMaker(seed).make(inputs, hints(request.trace()));
            Profile profile = compiled.profile(random, Math.max(1, runs));
            PrintWriter out = spec.commandLine().getOut();
            if (options.json()) {
                out.println(Json.write(json(profile)));
            } else {
                text(profile, out);
            }
            out.flush();
        }
        return 0;
    }

    /** Inputs whose sizes are open run at the sizes of {@code --hint}. */
    private static Map<String, long[]> hints(TraceOptions trace) {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        trace.hints().forEach((name, sizes) -> shapes.put(name, sizes.stream().mapToLong(Long::longValue).toArray()));
        return shapes;
    }

    private void text(Profile profile, PrintWriter out) {
        out.printf(Locale.ROOT, "%s: %.3f ms a run%n", model, profile.millis());
        if (steps) {
            profile.steps().forEach(s -> line(out, profile, s.millis(), 1, s.kernel().name(), s.kernel().kind()));
        } else {
            profile.kernels().forEach(k -> line(out, profile, k.millis(), k.steps(), k.kernel().name(), k.kernel().kind()));
        }
    }

    private static void line(PrintWriter out, Profile profile, double millis, int count, String kernel, String kind) {
        double share = profile.millis() == 0 ? 0 : millis / profile.millis();
        out.printf(Locale.ROOT, "%9.3f ms %5.1f %%  %-" + BAR + "s %3d x %s (%s)%n", millis, 100 * share,
                "#".repeat((int) Math.round(BAR * share)), count, kernel, kind);
    }

    private static Map<String, Object> json(Profile profile) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("ms", profile.millis());
        json.put("kernels", profile.kernels().stream().map(k -> {
            Map<String, Object> kernel = new LinkedHashMap<>();
            kernel.put("kernel", k.kernel().name());
            kernel.put("kind", k.kernel().kind());
            kernel.put("nodes", k.kernel().sourceNodes());
            kernel.put("steps", k.steps());
            kernel.put("ms", k.millis());
            return kernel;
        }).toList());
        return json;
    }
}
