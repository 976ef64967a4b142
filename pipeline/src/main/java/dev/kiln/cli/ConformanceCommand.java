package dev.kiln.cli;

import dev.kiln.Kiln;
import dev.kiln.CompileListener;
import dev.kiln.conformance.CaseResult;
import dev.kiln.conformance.CaseResult.Status;
import dev.kiln.conformance.Comparison;
import dev.kiln.conformance.Conformance;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kiln conformance}: runs ONNX backend tests; exit code 1 if a case failed. */
@Command(description = "Runs every model.onnx below a folder on its test data.")
public final class ConformanceCommand implements KilnCommand {
    @Spec
    private CommandSpec spec;

    @Mixin
    private CommonOptions options;

    @Option(names = "--rtol", defaultValue = "1e-3",
        description = "Relative tolerance (default: ${DEFAULT-VALUE}).")
    private double relative;

    @Option(names = "--atol", defaultValue = "1e-5",
        description = "Absolute tolerance (default: ${DEFAULT-VALUE}).")
    private double absolute;

    @Parameters(paramLabel = "DIR", description = "A folder in the layout of ONNX's backend tests.")
    private Path root;

    @Override
    public String name() {
        return "conformance";
    }

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        List<Path> folders = Conformance.find(root);
        List<CaseResult> results = new ArrayList<>();
        try (Kiln kiln = Kiln.open(options.config(CompileListener.SILENT))) {
            Conformance conformance = new Conformance(kiln, options.compileOptions(),
                new Comparison(relative, absolute));
            for (Path folder : folders) {
                CaseResult result = conformance.run(root.relativize(folder).toString(), folder);
                results.add(result);
                out.println("[" + results.size() + "/" + folders.size() + "] " + word(result.status()) + " "
                    + result.name() + (result.reason().isEmpty() ? "" : ": " + oneLine(result.reason())));
            }
        }
        report(out, results);
        return count(results, Status.FAILED) == 0 ? 0 : Failures.FAILED;
    }

    private void report(PrintWriter out, List<CaseResult> results) {
        if (!options.json()) {
            categories(out, results);
            out.println(count(results, Status.PASSED) + " passed, " + count(results, Status.FAILED)
                + " failed, " + count(results, Status.UNSUPPORTED) + " unsupported");
            return;
        }
        Json.line(out, json -> {
            for (Status status : Status.values()) {
                json.writeNumberField(word(status), count(results, status));
            }
            json.writeArrayFieldStart("cases");
            for (CaseResult result : results) {
                json.writeStartObject();
                json.writeStringField("name", result.name());
                json.writeStringField("status", word(result.status()));
                json.writeStringField("reason", result.reason());
                json.writeEndObject();
            }
            json.writeEndArray();
        });
    }

    /** A line for each folder of the suite, if there is more than one. */
    private static void categories(PrintWriter out, List<CaseResult> results) {
        Map<String, List<CaseResult>> categories = results.stream()
            .collect(Collectors.groupingBy(CaseResult::category, TreeMap::new, Collectors.toList()));
        if (categories.size() > 1) {
            categories.forEach((name, cases) -> out.println((name.isEmpty() ? "." : name) + ": "
                + count(cases, Status.PASSED) + " passed, " + count(cases, Status.FAILED) + " failed, "
                + count(cases, Status.UNSUPPORTED) + " unsupported"));
        }
    }

    private static long count(List<CaseResult> results, Status status) {
        return results.stream().filter(result -> result.status() == status).count();
    }

    private static String word(Status status) {
        return status.name().toLowerCase(Locale.ROOT);
    }

    private static String oneLine(String text) {
        return text.replace('\n', ' ');
    }
}
