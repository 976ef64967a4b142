package dev.kiln.stages.codegen;

import java.util.List;

/**
 * One step of a graph: a kernel on buffers, by name. The argument at {@code weightArgument} (if not negative) is a
 * constant that the kernel's variant may want packed.
 */
public record Launch(String kernel, List<String> buffers, int weightArgument, boolean weightTransposed,
        List<String> origins) {
}
