package dev.kiln.stages.autotune;

import dev.kiln.stages.codegen.GeneratedCode;
import dev.kiln.stages.codegen.Kernel;
import java.util.Map;

/** What autotuning gives: for each kernel the variant to use. */
public record KernelsChosen(GeneratedCode code, Map<String, Kernel.Variant> variants) {
}
