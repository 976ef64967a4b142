package dev.kiln.stages.autotune;

import dev.kiln.cache.TuningStore;
import dev.kiln.cache.TuningStore.Problem;
import dev.kiln.kernels.extern.LibraryKernels;
import dev.kiln.stages.CompileKeys;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.CompileOptions.Autotune;
import dev.kiln.stages.Environment;
import dev.kiln.stages.codegen.Kernel;
import java.util.ArrayList;
import java.util.List;

/** Under which keys results are remembered, and which kernels share one. */
final class Problems {
    private final TuningStore.Machine machine;
    private final Autotune search;

    Problems(CompileOptions options, Environment environment) {
        this.search = options.autotune();
        this.machine = new TuningStore.Machine(environment.cpu().model(), environment.target(options).fingerprint(),
            environment.cpu().cores(), options.threads(), environment.compiler().get().fingerprint(),
            CompileKeys.build(), LibraryKernels.versions());
    }

    Problem of(Kernel kernel) {
        Kernel.Tuning tuning = kernel.tuning().orElseThrow();
        List<String> dtypes = new ArrayList<>(TuningLog.dtypes(tuning));
        tuning.arguments().stream().filter(Kernel.Argument::written)
            .forEach(a -> dtypes.add("to " + TuningLog.torchName(a.dtype())));
        return new Problem(tuning.op(), TuningLog.sizes(tuning), TuningLog.strides(tuning), dtypes, tuning.identity(),
            search.name(), machine);
    }

    /** Kernels that are measured once for all: with {@link Autotune#LIKELY}, those that differ in their epilogues only. */
    String group(Kernel kernel) {
        Kernel.Tuning tuning = kernel.tuning().orElseThrow();
        return search == Autotune.MAX ? of(kernel).key().text() : tuning.work() + tuning.weightTransposed()
            + TuningLog.dtypes(tuning).subList(0, 2) + kernel.variants().stream().map(Kernel.Variant::label).toList();
    }
}
