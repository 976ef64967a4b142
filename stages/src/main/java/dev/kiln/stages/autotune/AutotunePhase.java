package dev.kiln.stages.autotune;

import dev.kiln.cache.TuningStore;
import dev.kiln.cache.TuningStore.Problem;
import dev.kiln.cache.TuningStore.Tuning;
import dev.kiln.kernels.toolchain.Deadline;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.Environment;
import dev.kiln.stages.codegen.GeneratedCode;
import dev.kiln.stages.codegen.Kernel;
import dev.kiln.stages.pass.Decisions;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The autotune phase: kernels with several variants get the fastest one that computes the right thing. Results are
 * remembered by problem and machine; only problems that are not known are measured, each on the first kernel that has it,
 * all in one library.
 */
public final class AutotunePhase {
    private AutotunePhase() {
    }

    public static KernelsChosen run(GeneratedCode code, CompileOptions options, Environment environment,
            Decisions decisions) {
        return run(code, options, environment, decisions, Deadline.none());
    }

    public static KernelsChosen run(GeneratedCode code, CompileOptions options, Environment environment,
            Decisions decisions, Deadline deadline) {
        Map<String, Kernel.Variant> chosen = new HashMap<>();
        List<Kernel> unknown = new ArrayList<>();
        for (Kernel kernel : code.kernels()) {
            Optional<Kernel.Variant> known = known(kernel, options, environment);
            if (kernel.variants().size() == 1 || !options.maxAutotune()) {
                chosen.put(kernel.name(), kernel.variants().getFirst());
            } else if (known.isPresent()) {
                chosen.put(kernel.name(), known.get());
                decisions.add("autotune", kernel.name() + " uses " + known.get().label() + ", measured earlier");
            } else {
                unknown.add(kernel);
            }
        }
        Map<Problem, List<Kernel>> problems = unknown.stream()
            .collect(Collectors.groupingBy(k -> problem(k, options, environment), LinkedHashMap::new, Collectors.toList()));
        if (!problems.isEmpty()) {
            List<Kernel> first = problems.values().stream().map(List::getFirst).toList();
            measure(code, first, options, environment, decisions, deadline, chosen);
            problems.values().forEach(same -> same.forEach(k -> chosen.put(k.name(),
                variant(k, chosen.get(same.getFirst().name()).label()).orElseThrow())));
        }
        return new KernelsChosen(code, chosen);
    }

    private static Optional<Kernel.Variant> known(Kernel kernel, CompileOptions options, Environment environment) {
        if (kernel.tuning().isEmpty()) {
            return Optional.empty();
        }
        return environment.cache().tuning().get(problem(kernel, options, environment))
            .flatMap(t -> variant(kernel, t.choice()));
    }

    private static Optional<Kernel.Variant> variant(Kernel kernel, String label) {
        return kernel.variants().stream().filter(v -> v.label().equals(label)).findFirst();
    }

    private static void measure(GeneratedCode code, List<Kernel> kernels, CompileOptions options,
            Environment environment, Decisions decisions, Deadline deadline, Map<String, Kernel.Variant> chosen) {
        List<Candidate> candidates = new ArrayList<>();
        for (Kernel kernel : kernels) {
            candidates.add(new Candidate(candidates.size(), kernel, kernel.tuning().orElseThrow().reference()));
            kernel.variants().forEach(v -> candidates.add(new Candidate(candidates.size(), kernel, v)));
        }
        ShapeEnv shapes = code.schedule().program().shapes();
        try (TuningLibrary library = TuningLibrary.build(code, candidates, options, environment, deadline)) {
            for (Kernel kernel : kernels) {
                List<Candidate> own = candidates.stream().filter(c -> c.kernel() == kernel).toList();
                try (Arena arena = Arena.ofShared()) {
                    Trial trial = new Trial(kernel.tuning().orElseThrow(), shapes, arena);
                    Contest contest = new Contest(library, trial, own.getFirst(), own.subList(1, own.size()));
                    Contest.Result result = contest.run();
                    chosen.put(kernel.name(), result.winner().variant());
                    result.log(kernel).forEach(line -> decisions.add("autotune", line));
                    options.debug().show(2, kernel.name(), () -> String.join("\n", result.log(kernel)));
                    environment.cache().tuning().put(problem(kernel, options, environment),
                        new Tuning(result.winner().label(), result.millis()));
                }
            }
        }
    }

    private static Problem problem(Kernel kernel, CompileOptions options, Environment environment) {
        Kernel.Tuning t = kernel.tuning().orElseThrow();
        return new TuningStore.Problem(t.op() + (t.weightTransposed() ? "_t" : ""),
            t.operands(), List.of("f32", "f32"), environment.cpu().model(),
            environment.target(options).fingerprint(), options.threads(),
            environment.compiler().get().fingerprint(), dev.kiln.stages.CompileKeys.build());
    }
}
