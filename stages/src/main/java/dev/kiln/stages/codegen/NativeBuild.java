package dev.kiln.stages.codegen;

import dev.kiln.kernels.cpu.CpuTarget;
import dev.kiln.kernels.gemm.PackedWeight;
import dev.kiln.kernels.toolchain.CompileUnit;
import dev.kiln.kernels.toolchain.Deadline;
import dev.kiln.kernels.toolchain.NativeCompiler;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.stages.codegen.EntryWriter.ConstantUse;
import dev.kiln.stages.lowering.Buffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Compiles and links a graph with its chosen kernels, and tells how they want its constants. */
public final class NativeBuild {
    private NativeBuild() {
    }

    /**
     * A graph as native code.
     *
     * @param externs library functions in the order of {@code kiln_call.externs}
     * @param sources all C text, for people
     */
    public record Binary(byte[] sharedObject, List<String> externs, String sources) {
    }

    public static Binary build(GeneratedCode code, Map<String, Kernel.Variant> chosen, CpuTarget target,
            NativeCompiler compiler, Deadline deadline) {
        List<String> externs = externs(chosen);
        List<CompileUnit> units = SourceUnits.of(code, chosen, externs);
        byte[] object = compiler.compileAll(units, launches(chosen), target, deadline);
        String sources = units.stream().map(u -> "// unit " + u.name() + "\n"
            + SourceUnits.body(u)).collect(Collectors.joining("\n"));
        return new Binary(object, externs, sources);
    }

    /** What the compiler makes of the graph's units, as text. */
    public static String assembly(GeneratedCode code, Map<String, Kernel.Variant> chosen, CpuTarget target,
            NativeCompiler compiler, Deadline deadline) {
        List<String> externs = externs(chosen);
        return SourceUnits.of(code, chosen, externs).stream()
            .map(u -> new CompileUnit(u.name(), u.cSource(),
                Stream.concat(u.extraFlags().stream(), Stream.of("-S")).toList()))
            .map(u -> new String(compiler.compile(u, target, NativeCompiler.LEVEL, deadline), StandardCharsets.UTF_8))
            .collect(Collectors.joining("\n"));
    }

    /** What the entry calls, and the chosen variants' functions for it, where they have names of their own. */
    static Map<String, String> launches(Map<String, Kernel.Variant> chosen) {
        Map<String, String> launches = new TreeMap<>();
        chosen.forEach((kernel, variant) -> {
            if (!variant.function().equals(kernel)) {
                launches.put("launch_" + kernel, "launch_" + variant.function());
            }
        });
        return launches;
    }

    private static List<String> externs(Map<String, Kernel.Variant> chosen) {
        Set<String> externs = new LinkedHashSet<>();
        new TreeMap<>(chosen).values().forEach(v -> externs.addAll(v.externs()));
        return List.copyOf(externs);
    }

    static List<ConstantUse> constantUses(GeneratedCode code) {
        Set<ConstantUse> uses = new LinkedHashSet<>();
        for (Launch launch : code.launches()) {
            for (int i = 0; i < launch.buffers().size(); i++) {
                Buffer buffer = code.schedule().program().buffer(launch.buffers().get(i));
                if (buffer.kind() == Buffer.Kind.CONSTANT) {
                    uses.add(new ConstantUse(buffer.name(), i == launch.weightArgument() ? launch.kernel() : ""));
                }
            }
        }
        return new ArrayList<>(uses);
    }

    /** The graph's constants as its kernels want them, in the order of {@code kiln_call.constants}. */
    public static List<ConstantLayout> constants(GeneratedCode code, Map<String, Kernel.Variant> chosen) {
        return constantUses(code).stream().map(use -> layout(code, chosen, use)).toList();
    }

    private static ConstantLayout layout(GeneratedCode code, Map<String, Kernel.Variant> chosen, ConstantUse use) {
        ConstantValue value = code.schedule().program().constants().get(use.constant());
        if (use.packedFor().isEmpty()) {
            return new ConstantLayout(value, Optional.empty(), PackedWeight.Order.KN);
        }
        boolean transposed = code.launches().stream().filter(l -> l.kernel().equals(use.packedFor())).findFirst()
            .orElseThrow().weightTransposed();
        return new ConstantLayout(value, chosen.get(use.packedFor()).packing(),
            transposed ? PackedWeight.Order.NK : PackedWeight.Order.KN);
    }
}
