package dev.kiln.stages.postcompile;

import dev.kiln.cache.Blob;
import dev.kiln.cache.BlobStore;
import dev.kiln.cache.CompiledGraph;
import dev.kiln.cache.KeyComponents;
import dev.kiln.kernels.cpu.CpuTarget;
import dev.kiln.kernels.toolchain.Deadline;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.Environment;
import dev.kiln.stages.autograd.GraphSplit;
import dev.kiln.stages.autotune.KernelsChosen;
import dev.kiln.stages.codegen.GeneratedCode;
import dev.kiln.stages.codegen.NativeBuild;
import dev.kiln.stages.pass.Decisions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** Ends a compile: native code is built, everything goes into blobs, and the entry that names them is made. */
public final class Assembly {
    private Assembly() {
    }

    /** Compiles and stores; the caller puts the result into the artifact cache. */
    public static CompiledGraph run(KernelsChosen chosen, GraphSplit split, KeyComponents key, CompileOptions options,
            Environment environment, Decisions decisions, Map<String, Double> stageMillis, Deadline deadline) {
        CpuTarget target = environment.target(options);
        CompletableFuture<Blob> runtime = CompletableFuture.supplyAsync(
            () -> environment.runtimeLibrary().get(target, deadline));
        CompletableFuture<List<CompiledGraph.ConstantSpec>> constants = CompletableFuture.supplyAsync(
            () -> constants(chosen, environment.cache().blobs()));
        NativeBuild.Binary binary = NativeBuild.build(chosen.code(), chosen.variants(), target,
            environment.compiler().get(), deadline);
        options.debug().dump("kernels.c", binary.sources());
        options.debug().show(4, "C source", binary::sources);
        options.debug().show(6, "assembly", () -> NativeBuild.assembly(chosen.code(), chosen.variants(), target,
            environment.compiler().get(), deadline));
        try {
            BlobStore blobs = environment.cache().blobs();
            CompiledGraph.Code code = new CompiledGraph.Code(blobs.put(binary.sharedObject()), runtime.join(),
                blobs.put(binary.sources().getBytes(StandardCharsets.UTF_8)), target.fingerprint(), target.features());
            return new CompiledGraph(key.key(), code, Signatures.of(split.forward()), constants.join(), binary.externs(),
                kernels(chosen.code()), new CompiledGraph.CudagraphInfo(List.of("the graph runs on the CPU"), List.of(),
                    List.of()), history(chosen.code(), decisions, stageMillis));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot store the compiled graph: " + e.getMessage(), e);
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        }
    }

    private static List<CompiledGraph.ConstantSpec> constants(KernelsChosen chosen, BlobStore blobs) {
        try {
            return new ConstantPacker(blobs).store(NativeBuild.constants(chosen.code(), chosen.variants()));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot store the model's constants: " + e.getMessage(), e);
        }
    }

    private static List<CompiledGraph.KernelInfo> kernels(GeneratedCode code) {
        return code.launches().stream().map(l -> new CompiledGraph.KernelInfo(l.kernel(), l.origins(),
            code.kernel(l.kernel()).kind().name().toLowerCase(java.util.Locale.ROOT))).toList();
    }

    private static CompiledGraph.History history(GeneratedCode code, Decisions decisions,
            Map<String, Double> stageMillis) {
        Map<String, Long> counters = new TreeMap<>();
        counters.put("kernels.generated", (long) code.kernels().size());
        counters.put("kernels.launches", (long) code.launches().size());
        double millis = stageMillis.values().stream().mapToDouble(Double::doubleValue).sum();
        return new CompiledGraph.History(decisions.lines(), counters, stageMillis, (long) (millis * 1e6));
    }

}
