package dev.kiln.stages.autotune;

import dev.kiln.kernels.cpu.CpuTarget;
import dev.kiln.kernels.toolchain.CompileUnit;
import dev.kiln.kernels.toolchain.CompilerException;
import dev.kiln.kernels.toolchain.Deadline;
import dev.kiln.kernels.toolchain.NativeCompiler;
import dev.kiln.stages.codegen.EntryWriter;
import dev.kiln.stages.codegen.GeneratedCode;
import dev.kiln.stages.codegen.Kernel;
import dev.kiln.stages.codegen.SourceUnits;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * All candidates compiled into one shared object, each callable by its number.
 *
 * @param original the graph with all variants
 * @param code the graph without the variants that do not compile
 * @param candidates those that do
 * @param refused why others do not, by function
 * @param externs library functions that candidates call, in order
 */
record TuningLibrary(GeneratedCode original, GeneratedCode code, List<Candidate> candidates, Map<String, String> refused,
        byte[] object, List<String> externs) {
    private static final String FLUSH = """
        static void kiln_flush(const char* memory, int64_t bytes) {
        #if defined(__x86_64__)
          for (int64_t i = 0; i < bytes; i += 64) __builtin_ia32_clflush(memory + i);
          __builtin_ia32_mfence();
        #elif defined(__aarch64__)
          for (int64_t i = 0; i < bytes; i += 64) __asm__ volatile("dc civac, %0" : : "r"(memory + i) : "memory");
          __asm__ volatile("dsb ish" ::: "memory");
        #endif
        }
        """;

    /** @param tuned names of the kernels whose variants are candidates */
    static TuningLibrary build(GeneratedCode graph, List<String> tuned, NativeCompiler compiler, CpuTarget target,
            Deadline deadline) {
        compiler.begin(List.of(SourceUnits.entry(graph)), target, deadline);
        try {
            return compile(graph, graph, tuned, Map.of(), compiler, target, deadline);
        } catch (CompilerException e) {
            Map<String, String> refused = refused(graph, tuned, compiler, target, deadline);
            if (refused.isEmpty()) {
                throw e;
            }
            return compile(graph, without(graph, refused), tuned, refused, compiler, target, deadline);
        }
    }

    private static TuningLibrary compile(GeneratedCode original, GeneratedCode graph, List<String> tuned,
            Map<String, String> refused, NativeCompiler compiler, CpuTarget target, Deadline deadline) {
        List<Candidate> candidates = new ArrayList<>();
        for (String name : tuned) {
            Kernel kernel = graph.kernel(name);
            candidates.add(new Candidate(candidates.size(), kernel, kernel.tuning().orElseThrow().reference()));
            kernel.variants().forEach(v -> candidates.add(new Candidate(candidates.size(), kernel, v)));
        }
        LinkedHashSet<String> externs = new LinkedHashSet<>();
        candidates.forEach(c -> externs.addAll(c.variant().externs()));
        byte[] object = compiler.compileAll(units(graph, candidates, List.copyOf(externs)), target, deadline);
        return new TuningLibrary(original, graph, candidates, refused, object, List.copyOf(externs));
    }

    /** Compiles each candidate alone, side by side, and tells which cannot be, and why. */
    private static Map<String, String> refused(GeneratedCode graph, List<String> tuned, NativeCompiler compiler,
            CpuTarget target, Deadline deadline) {
        Map<String, String> refused = new ConcurrentHashMap<>();
        tuned.stream().flatMap(name -> graph.kernel(name).variants().stream()).parallel().forEach(variant -> {
            List<CompileUnit> units = new ArrayList<>(SourceUnits.balanced("alone",
                List.of(SourceUnits.linked(variant, variant.externs()))));
            units.add(new CompileUnit("call", SourceUnits.prelude() + declaration(variant)
                + "void kiln_call_it(const kiln_args* args) { launch_" + variant.function() + "(args); }\n",
                List.of("-fvisibility=default")));
            units.addAll(SourceUnits.parts(List.of(variant)));
            try {
                compiler.compileAll(units, target, deadline);
            } catch (CompilerException e) {
                refused.put(variant.function(), "does not compile: "
                    + e.diagnostics().stream().findFirst().orElse(e.getMessage()));
            }
        });
        return new HashMap<>(refused);
    }

    private static String declaration(Kernel.Variant variant) {
        return "KILN_HIDDEN void launch_" + variant.function() + "(const kiln_args*);\n";
    }

    private static GeneratedCode without(GeneratedCode graph, Map<String, String> refused) {
        return new GeneratedCode(graph.schedule(), graph.kernels().stream().map(k -> k.with(k.variants().stream()
            .filter(v -> !refused.containsKey(v.function())).toList())).toList(), graph.launches(), graph.symbols());
    }

    /**
     * Units of the candidates, of references and library calls, and one with the switch; and the graph's other kernels, so
     * that what the build will need is compiled side by side now and nothing compiles while candidates are timed.
     */
    private static List<CompileUnit> units(GeneratedCode graph, List<Candidate> candidates, List<String> externs) {
        List<CompileUnit> units = new ArrayList<>(SourceUnits.shared(graph));
        units.addAll(SourceUnits.candidates(graph));
        StringBuilder declarations = new StringBuilder();
        StringBuilder cases = new StringBuilder();
        List<String> sources = new ArrayList<>();
        for (Candidate c : candidates) {
            if (c.isReference() || !c.variant().externs().isEmpty()) {
                sources.add(SourceUnits.linked(c.variant(), externs));
            }
            declarations.append(declaration(c.variant()));
            cases.append("    case ").append(c.number()).append(": launch_").append(c.variant().function())
                .append("(&args); break;\n");
        }
        sources.add(declarations + EntryWriter.scratch(graph) + FLUSH + entry(cases));
        units.addAll(SourceUnits.balanced("tune", sources));
        units.addAll(SourceUnits.parts(variants(graph, candidates)));
        return units;
    }

    /** The first symbol is the candidate's number, or {@link TuningCode#FLUSH}; the graph's own follow. */
    private static String entry(CharSequence cases) {
        return """
            int64_t kiln_workspace_bytes(const int64_t* syms, int32_t threads) {
              return syms[0] < 0 ? 0 : threads * kiln_scratch(syms + 1);
            }
            int32_t kiln_entry(const kiln_call* call) {
              int32_t failed = 0;
              if (call->syms[0] < 0) {
                kiln_flush((const char*)call->inputs[0], call->syms[1]);
                return 0;
              }
              const kiln_args args = {call, &failed, call->syms + 1, call->inputs, call->workspace,
                  kiln_scratch(call->syms + 1)};
              switch (call->syms[0]) {
            """ + cases + "  }\n  return 0;\n}\n";
    }

    private static List<Kernel.Variant> variants(GeneratedCode graph, List<Candidate> candidates) {
        return Stream.concat(candidates.stream().map(Candidate::variant),
            graph.kernels().stream().filter(k -> k.variants().size() == 1).map(k -> k.variants().getFirst())).toList();
    }
}
