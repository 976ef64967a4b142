package dev.kiln.stages.codegen;

import dev.kiln.stages.schedule.Schedule;
import java.util.List;
import java.util.Optional;

/** What code generation gives: kernels with their variants, each once, and the steps that use them. */
public record GeneratedCode(Schedule schedule, List<Kernel> kernels, List<Launch> launches, List<String> symbols) {

    /** With the expected best variant of each kernel only. */
    GeneratedCode untuned() {
        List<Kernel> first = kernels.stream().map(k -> new Kernel(k.name(), k.kind(), k.comment(),
            k.variants().subList(0, 1), k.scratch(), Optional.empty())).toList();
        return new GeneratedCode(schedule, first, launches, symbols);
    }

    public Kernel kernel(String name) {
        return kernels.stream().filter(k -> k.name().equals(name)).findFirst().orElseThrow();
    }
}
