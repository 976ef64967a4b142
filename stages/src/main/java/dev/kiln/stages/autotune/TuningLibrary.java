package dev.kiln.stages.autotune;

import dev.kiln.cache.Blob;
import dev.kiln.kernels.cpu.CpuTarget;
import dev.kiln.kernels.extern.LibraryKernels;
import dev.kiln.kernels.runtime.GraphLibrary;
import dev.kiln.kernels.runtime.KilnRuntime;
import dev.kiln.kernels.runtime.NativeGraph;
import dev.kiln.kernels.toolchain.CompileUnit;
import dev.kiln.kernels.toolchain.Deadline;
import dev.kiln.ops.KilnException;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.Environment;
import dev.kiln.stages.codegen.EntryWriter;
import dev.kiln.stages.codegen.GeneratedCode;
import dev.kiln.stages.codegen.Kernel;
import dev.kiln.stages.codegen.SourceUnits;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.stream.Stream;

/** All candidates compiled into one shared object, each callable by its number. */
final class TuningLibrary implements AutoCloseable {
    private final KilnRuntime runtime;
    private final NativeGraph code;
    private final Path file;

    private TuningLibrary(KilnRuntime runtime, NativeGraph code, Path file) {
        this.runtime = runtime;
        this.code = code;
        this.file = file;
    }

    static TuningLibrary build(GeneratedCode graph, List<Candidate> candidates, CompileOptions options,
            Environment environment, Deadline deadline) {
        CpuTarget target = environment.target(options);
        List<String> externs = externs(candidates);
        byte[] object = environment.compiler().get().compileAll(units(graph, candidates, externs), target, deadline);
        Blob runtimeBlob = environment.runtimeLibrary().get(target, deadline);
        KilnRuntime runtime = KilnRuntime.open(environment.cache().blobs().path(runtimeBlob), target.isa(),
            options.threads());
        try {
            Path file = Files.createTempFile("kiln-tune", ".so");
            Files.write(file, object);
            NativeGraph code = GraphLibrary.open(runtime, file, target.isa()).bind(List.of(), addresses(externs));
            return new TuningLibrary(runtime, code, file);
        } catch (IOException e) {
            runtime.close();
            throw new UncheckedIOException("cannot write the autotune library: " + e.getMessage(), e);
        }
    }

    private static List<String> externs(List<Candidate> candidates) {
        LinkedHashSet<String> externs = new LinkedHashSet<>();
        candidates.forEach(c -> externs.addAll(c.variant().externs()));
        return List.copyOf(externs);
    }

    private static List<MemorySegment> addresses(List<String> externs) {
        return externs.stream().map(e -> LibraryKernels.find(e)
            .orElseThrow(() -> new KilnException("library function " + e + " is not available")).address()).toList();
    }

    /**
     * Units of the candidates, of references and library calls, and one with the switch; and the graph's other kernels, so that what the build will need is compiled side by side now and
     * nothing compiles while candidates are timed.
     */
    private static List<CompileUnit> units(GeneratedCode graph, List<Candidate> candidates, List<String> externs) {
        List<CompileUnit> units = new ArrayList<>(SourceUnits.shared(graph));
        units.addAll(SourceUnits.candidates(graph));
        StringBuilder entry = new StringBuilder(SourceUnits.prelude());
        StringBuilder cases = new StringBuilder();
        List<String> sources = new ArrayList<>();
        for (Candidate c : candidates) {
            boolean own = c.variant().packing().isPresent() && c.variant().externs().isEmpty();
            if (!own) {
                sources.add(SourceUnits.linked(c.variant(), externs));
            }
            entry.append("void launch_").append(c.variant().function()).append("(const kiln_args*);\n");
            cases.append("    case ").append(c.number()).append(": launch_").append(c.variant().function())
                .append("(&args); break;\n");
        }
        entry.append(EntryWriter.scratch(graph)).append("""
            int64_t kiln_workspace_bytes(const int64_t* syms, int32_t threads) {
              return threads * kiln_scratch(syms + 1);
            }
            int32_t kiln_entry(const kiln_call* call) {
              int32_t failed = 0;
              const kiln_args args = {call, &failed, call->syms + 1, call->inputs, call->workspace,
                  kiln_scratch(call->syms + 1)};
              switch (call->syms[0]) {
            """).append(cases).append("  }\n  return 0;\n}\n");
        units.addAll(SourceUnits.balanced("references", sources));
        units.addAll(SourceUnits.parts(variants(graph, candidates)));
        units.add(new CompileUnit("tune", entry.toString()));
        return units;
    }

    private static List<Kernel.Variant> variants(GeneratedCode graph, List<Candidate> candidates) {
        return Stream.concat(candidates.stream().map(Candidate::variant),
            graph.kernels().stream().filter(k -> k.variants().size() == 1).map(k -> k.variants().getFirst())).toList();
    }

    /** Runs a candidate; {@code symbols} are the graph's. */
    void run(Candidate candidate, long[] symbols, MemorySegment[] arguments) {
        long[] syms = new long[symbols.length + 1];
        syms[0] = candidate.number();
        System.arraycopy(symbols, 0, syms, 1, symbols.length);
        code.call(syms, arguments, new MemorySegment[0]);
    }

    @Override
    public void close() {
        code.close();
        runtime.close();
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
