package dev.kiln.cli;

import dev.kiln.CompiledModel;
import dev.kiln.Kiln;
import dev.kiln.kernels.runtime.Npy;
import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.KilnException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kiln run}: runs a model on inputs from files. */
@Command(description = "Runs a model once; compiles it first if the cache does not hold it.")
public final class RunCommand implements KilnCommand {
    @Spec
    private CommandSpec spec;

    @Mixin
    private CommonOptions options;

    @Mixin
    private Explanation explanation;

    @Option(names = "--input", paramLabel = "NAME=F.npy", description = "An input. Repeatable.")
    private List<String> inputs = new ArrayList<>();

    @Option(names = "--output-dir", paramLabel = "D", required = true,
        description = "Where outputs are written.")
    private Path outputDir;

    @Parameters(paramLabel = "MODEL", description = "An .onnx or .pt2 file.")
    private Path model;

    /** When the model was ready, and when it had run. */
    private record Times(long startupMillis, double loadMillis, double runMillis) {
    }

    @Override
    public String name() {
        return "run";
    }

    @Override
    public Integer call() {
        long started = System.currentTimeMillis();
        long start = System.nanoTime();
        Map<String, Path> files = inputFiles();
        try (Kiln kiln = Kiln.open(options.config(Progress.of(spec.commandLine().getErr(), options.json())));
                CompiledModel compiled = kiln.compileBlocking(options.request(model))) {
            double loadMillis = (System.nanoTime() - start) / 1e6;
            Map<String, Tensor> given = read(files);
            long called = System.nanoTime();
            Map<String, Tensor> outputs = compiled.run(given);
            double runMillis = (System.nanoTime() - called) / 1e6;
            OutputFiles.create(outputDir);
            Map<String, Path> written = OutputFiles.plan(outputDir, outputs.keySet());
            OutputFiles.write(outputs, written);
            explanation.show(spec.commandLine().getOut(), kiln, compiled.info());
            explanation.showVariants(spec.commandLine().getOut(), compiled.variantInfos());
            report(compiled, outputs, written,
                new Times(Startup.millisUntil(started), loadMillis, runMillis));
            return 0;
        }
    }

    private Map<String, Path> inputFiles() {
        Map<String, Path> files = new LinkedHashMap<>();
        for (String input : inputs) {
            Path file = Path.of(NamedValue.value("--input", input));
            if (!Files.isReadable(file)) {
                throw new KilnException.BadInput("--input " + input + ": there is no such file");
            }
            files.put(NamedValue.name("--input", input), file);
        }
        return files;
    }

    private static Map<String, Tensor> read(Map<String, Path> files) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (Map.Entry<String, Path> file : files.entrySet()) {
            tensors.put(file.getKey(), Npy.read(file.getValue()));
        }
        return tensors;
    }

    private void report(CompiledModel compiled, Map<String, Tensor> outputs, Map<String, Path> files,
            Times times) {
        PrintWriter out = spec.commandLine().getOut();
        String cache = compiled.info().cacheHit() ? "hit" : "miss";
        if (!options.json()) {
            outputs.forEach((name, tensor) -> out.println(name + " " + tensor + " -> " + files.get(name)));
            out.println("cache " + cache + ", ready in " + Json.round(times.loadMillis()) + " ms, ran in "
                + Json.round(times.runMillis()) + " ms");
            return;
        }
        Json.line(out, json -> {
            json.writeStringField("cache", cache);
            json.writeNumberField("load_ms", Json.round(times.loadMillis()));
            json.writeNumberField("run_ms", Json.round(times.runMillis()));
            json.writeObjectFieldStart("outputs");
            for (Map.Entry<String, Path> file : files.entrySet()) {
                json.writeStringField(file.getKey(), file.getValue().toString());
            }
            json.writeEndObject();
            json.writeNumberField("startup_ms", times.startupMillis());
        });
    }
}
