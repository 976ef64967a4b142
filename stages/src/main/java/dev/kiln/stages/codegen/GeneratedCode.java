package dev.kiln.stages.codegen;

import dev.kiln.stages.schedule.Schedule;
import java.util.List;

/** What code generation gives: kernels with their variants, each once, and the steps that use them. */
public record GeneratedCode(Schedule schedule, List<Kernel> kernels, List<Launch> launches, List<String> symbols) {

    /** With the expected best variant of each kernel only. */
    GeneratedCode untuned() {
        return new GeneratedCode(schedule, kernels.stream().map(Kernel::untuned).toList(), launches, symbols);
    }

    public Kernel kernel(String name) {
        return kernels.stream().filter(k -> k.name().equals(name)).findFirst().orElseThrow();
    }
}
