package dev.kiln.cli;

import dev.kiln.CompileInfo;
import dev.kiln.CompiledModel;
import dev.kiln.Kiln;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kiln compile}: compiles a model, or loads it from the cache. */
@Command(description = "Compiles a model, or loads it from the cache.")
public final class CompileCommand implements KilnCommand {
    @Spec
    private CommandSpec spec;

    @Mixin
    private CommonOptions options;

    @Mixin
    private Explanation explanation;

    @Option(names = "--trace", paramLabel = "FILE",
        description = "Write a timeline for chrome://tracing or Perfetto.")
    private Path trace;

    @Parameters(paramLabel = "MODEL", description = "An .onnx or .pt2 file.")
    private Path model;

    @Override
    public String name() {
        return "compile";
    }

    @Override
    public Integer call() {
        long start = System.nanoTime();
        PrintWriter out = spec.commandLine().getOut();
        try (Kiln kiln = Kiln.open(options.config(Progress.of(spec.commandLine().getErr(), options.json())));
                CompiledModel compiled = kiln.compileBlocking(options.request(model))) {
            double totalMillis = (System.nanoTime() - start) / 1e6;
            CompileInfo info = compiled.info();
            explanation.show(out, kiln, info);
            if (trace != null) {
                Timeline.write(trace, info);
            }
            if (options.json()) {
                json(out, info, totalMillis, kiln);
            } else {
                text(out, info, totalMillis, fromAfar(kiln));
            }
            return 0;
        }
    }

    private static boolean fromAfar(Kiln kiln) {
        return kiln.cache().metrics().get("remote.artifact.hit") > 0;
    }

    private void text(PrintWriter out, CompileInfo info, double totalMillis, boolean fromAfar) {
        out.println(model + ": " + (info.cacheHit() ? "loaded from the " + (fromAfar ? "remote " : "") + "cache"
            : "compiled") + " in "
            + String.format(Locale.ROOT, "%.1f ms", totalMillis));
        out.println("key " + info.key() + ", " + info.kernels().size() + " kernels, "
            + info.artifactBytes() + " bytes");
        info.stageMillis().forEach((stage, millis) ->
            out.println(String.format(Locale.ROOT, "%10.1f ms  %s", millis, stage)));
    }

    private static void json(PrintWriter out, CompileInfo info, double totalMillis, Kiln kiln) {
        Json.line(out, json -> {
            json.writeStringField("key", info.key().text());
            json.writeStringField("cache", info.cacheHit() ? "hit" : "miss");
            json.writeNumberField("total_ms", Json.round(totalMillis));
            json.writeObjectFieldStart("stages");
            for (Map.Entry<String, Double> stage : info.stageMillis().entrySet()) {
                json.writeNumberField(stage.getKey(), Json.round(stage.getValue()));
            }
            json.writeEndObject();
            json.writeNumberField("kernels", info.kernels().size());
            json.writeNumberField("artifact_bytes", info.artifactBytes());
            if (kiln.cache().remote().isPresent()) {
                json.writeBooleanField("remote", info.cacheHit() && fromAfar(kiln));
            }
        });
    }
}
