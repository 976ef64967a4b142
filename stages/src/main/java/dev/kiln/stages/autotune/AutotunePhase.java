package dev.kiln.stages.autotune;

import dev.kiln.cache.TuningStore.Tuning;
import dev.kiln.kernels.extern.LibraryKernels;
import dev.kiln.kernels.toolchain.Deadline;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.CompileOptions.Autotune;
import dev.kiln.stages.Environment;
import dev.kiln.stages.codegen.GeneratedCode;
import dev.kiln.stages.codegen.Kernel;
import dev.kiln.stages.pass.Decisions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The autotune phase: kernels with several variants get the fastest one that computes the right thing. Results are
 * remembered by problem and machine; only problems that are not known are measured, and of those that are known only the
 * chosen variant is compiled.
 */
public final class AutotunePhase {
    private AutotunePhase() {
    }

    public static KernelsChosen run(GeneratedCode code, CompileOptions options, Environment environment,
            Decisions decisions) {
        return run(code, options, environment, decisions, Deadline.none(), text -> { });
    }

    /** @param progress is told which kernel is being measured */
    public static KernelsChosen run(GeneratedCode code, CompileOptions options, Environment environment,
            Decisions decisions, Deadline deadline, Consumer<String> progress) {
        List<String> unknown = new ArrayList<>();
        List<Kernel> kernels = new ArrayList<>();
        Problems problems = code.kernels().stream().anyMatch(AutotunePhase::hasChoice)
            ? new Problems(options, environment) : null;
        KeptObjects objects = new KeptObjects(options, environment);
        for (Kernel kernel : code.kernels()) {
            if (options.autotune() == Autotune.OFF || !hasChoice(kernel)) {
                kernels.add(kernel.with(kernel.variants().subList(0, 1)));
                continue;
            }
            Optional<Kernel> known = environment.cache().tuning().get(problems.of(kernel))
                .flatMap(tuning -> known(kernel, tuning, objects, decisions));
            kernels.add(known.orElse(kernel));
            if (known.isEmpty()) {
                unknown.add(kernel.name());
            }
        }
        GeneratedCode reduced = new GeneratedCode(code.schedule(), kernels, code.launches(), code.symbols());
        if (!unknown.isEmpty()) {
            return new TuningSession(options, environment, decisions, problems, progress)
                .run(reduced, unknown, deadline);
        }
        Map<String, Kernel.Variant> chosen = new HashMap<>();
        kernels.forEach(k -> chosen.put(k.name(), k.variants().getFirst()));
        return new KernelsChosen(reduced, chosen);
    }

    private static boolean hasChoice(Kernel kernel) {
        return kernel.variants().size() > 1 && kernel.tuning().isPresent();
    }

    /**
     * The kernel with its chosen variant only; empty unless the record tells of all variants there are, and the library
     * that it may have chosen is there.
     */
    private static Optional<Kernel> known(Kernel kernel, Tuning tuning, KeptObjects objects,
            Decisions decisions) {
        if (!kernel.variants().stream().allMatch(v -> tuning.knows(v.label()))) {
            return Optional.empty();
        }
        Optional<Kernel> reduced = kernel.variants().stream().filter(v -> v.label().equals(tuning.choice())).findFirst()
            .filter(v -> v.externs().stream().allMatch(e -> LibraryKernels.find(e).isPresent())).map(v -> kernel.with(List.of(v)));
        if (reduced.isPresent()) {
            objects.give(reduced.get().variants().getFirst(), tuning);
            decisions.add("autotune", kernel.name() + " uses " + tuning.choice() + ", measured earlier");
            tuning.failures().forEach((label, reason) -> decisions.add("autotune", "  " + label + " failed: " + reason));
        }
        return reduced;
    }
}
