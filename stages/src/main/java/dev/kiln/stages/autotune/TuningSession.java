package dev.kiln.stages.autotune;

import dev.kiln.cache.Blob;
import dev.kiln.cache.TuningStore.Tuning;
import dev.kiln.kernels.cpu.CpuTarget;
import dev.kiln.kernels.toolchain.Deadline;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.Environment;
import dev.kiln.stages.codegen.GeneratedCode;
import dev.kiln.stages.codegen.Kernel;
import dev.kiln.stages.codegen.Launch;
import dev.kiln.stages.pass.Decisions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Measures the kernels of one graph whose best variants are not known: compiles all candidates, then tries each. */
final class TuningSession {
    private static final Logger LOG = LoggerFactory.getLogger(TuningSession.class);

    private final CompileOptions options;
    private final Environment environment;
    private final Decisions decisions;
    private final Problems problems;
    private final Consumer<String> progress;
    private final KeptObjects objects;
    private final AutotuneSettings settings = AutotuneSettings.fromEnvironment();

    TuningSession(CompileOptions options, Environment environment, Decisions decisions, Problems problems,
            Consumer<String> progress) {
        this.options = options;
        this.environment = environment;
        this.objects = new KeptObjects(options, environment);
        this.decisions = decisions;
        this.problems = problems;
        this.progress = progress;
    }

    /** @param unknown names of the kernels to measure */
    KernelsChosen run(GeneratedCode code, List<String> unknown, Deadline deadline) {
        Map<String, List<String>> groups = unknown.stream().collect(Collectors.groupingBy(
            name -> problems.group(code.kernel(name)), LinkedHashMap::new, Collectors.toList()));
        List<String> measured = groups.values().stream().map(List::getFirst).toList();
        try (TuningFolder folder = TuningFolder.create(); RunnerStart start = new RunnerStart(settings, folder.path())) {
            progress.accept("compiling candidates of " + measured.size() + " kernels");
            long begin = System.nanoTime();
            CpuTarget target = environment.target(options);
            TuningLibrary library = TuningLibrary.build(code, measured, environment.compiler().get(), target, deadline);
            double seconds = (System.nanoTime() - begin) / 1e9;
            TrialRunner runner = start.runner(code(library, target, deadline, folder.path()));
            Map<String, Kernel.Variant> chosen = new HashMap<>();
            library.code().kernels().stream().filter(k -> k.variants().size() == 1)
                .forEach(k -> chosen.put(k.name(), k.variants().getFirst()));
            int number = 0;
            for (List<String> same : groups.values()) {
                Kernel kernel = library.code().kernel(same.getFirst());
                progress.accept(++number + " of " + groups.size() + ": "
                    + TuningLog.problem(kernel.tuning().orElseThrow()));
                Contest.Result result = contest(library, kernel, runner, folder.path());
                tell(library.original().kernel(kernel.name()), result, library, runner, seconds);
                same.forEach(name -> keep(library, library.code().kernel(name), result, chosen));
            }
            return new KernelsChosen(library.code(), chosen);
        }
    }

    private TrialRunner.Code code(TuningLibrary library, CpuTarget target, Deadline deadline, Path folder) {
        Blob runtime = environment.runtimeLibrary().get(target, deadline);
        try {
            Path object = Files.write(folder.resolve("candidates.so"), library.object());
            return new TrialRunner.Code(environment.cache().blobs().path(runtime), target.isa(), options.threads(),
                object, library.externs());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write the autotune library: " + e.getMessage(), e);
        }
    }

    private Contest.Result contest(TuningLibrary library, Kernel kernel, TrialRunner runner, Path folder) {
        List<Candidate> own = library.candidates().stream().filter(c -> c.kernel() == kernel).toList();
        try (Trial trial = new Trial(kernel.tuning().orElseThrow(), library.code().schedule().program().shapes(), own,
                runner, folder, settings.deadline())) {
            return new Contest(trial, weightsLeaveCache(library.code()), settings.budgetMillis(options.autotune()))
                .run(own.getFirst(), own.subList(1, own.size()));
        }
    }

    /**
     * Whether a weight is gone from the caches when its turn comes again: if all weights of the graph together are larger
     * than the second-level cache of one core. What lies behind that is shared with others.
     */
    private boolean weightsLeaveCache(GeneratedCode code) {
        long bytes = code.launches().stream().filter(l -> l.weightArgument() >= 0)
            .map(l -> l.buffers().get(l.weightArgument())).distinct()
            .mapToLong(name -> code.schedule().program().shapes().hint(code.schedule().program().buffer(name).bytes()))
            .sum();
        return bytes > environment.cpu().l2Bytes();
    }

    private void tell(Kernel kernel, Contest.Result result, TuningLibrary library, TrialRunner runner, double seconds) {
        Map<String, String> refused = refused(library, kernel);
        List<String> lines = TuningLog.result(kernel.tuning().orElseThrow(), result, refused, runner.name(), seconds);
        lines.forEach(line -> decisions.add("autotune", line));
        options.debug().show(2, kernel.name(), () -> String.join("\n", lines));
        refused.forEach((label, reason) -> LOG.warn("autotune: {} of {} {}", label, kernel.name(), reason));
        result.failures().forEach((candidate, failure) -> {
            if (failure.isDefect()) {
                LOG.warn("autotune: {} of {} {}", candidate.label(), kernel.name(), failure.getMessage());
            }
        });
    }

    /** Reasons by label. */
    private static Map<String, String> refused(TuningLibrary library, Kernel kernel) {
        Map<String, String> refused = new TreeMap<>();
        kernel.variants().stream().filter(v -> library.refused().containsKey(v.function()))
            .forEach(v -> refused.put(v.label(), library.refused().get(v.function())));
        return refused;
    }

    private void keep(TuningLibrary library, Kernel kernel, Contest.Result result, Map<String, Kernel.Variant> chosen) {
        Map<String, Double> warm = new TreeMap<>();
        Map<String, Double> cold = new TreeMap<>();
        Map<String, String> failures = new TreeMap<>();
        result.warm().forEach((c, t) -> warm.put(c.label(), t));
        result.cold().forEach((c, t) -> cold.put(c.label(), t));
        result.failures().forEach((c, failure) -> failures.put(c.label(), failure.getMessage()));
        failures.putAll(refused(library, library.original().kernel(kernel.name())));
        Kernel.Variant variant = kernel.variants().stream().filter(v -> v.label().equals(result.winner().label()))
            .findFirst().orElseGet(() -> kernel.variants().getFirst());
        chosen.put(kernel.name(), variant);
        environment.cache().tuning().put(problems.of(kernel), new Tuning(variant.label(), warm, cold, failures,
            objects.keep(variant)));
    }
}
