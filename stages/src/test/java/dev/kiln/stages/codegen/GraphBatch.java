package dev.kiln.stages.codegen;

import dev.kiln.kernels.cpu.CpuTarget;
import dev.kiln.kernels.cpu.Isa;
import dev.kiln.kernels.runtime.GraphLibrary;
import dev.kiln.kernels.runtime.KilnRuntime;
import dev.kiln.kernels.runtime.NativeGraph;
import dev.kiln.kernels.toolchain.CompileUnit;
import dev.kiln.kernels.toolchain.Deadline;
import dev.kiln.kernels.toolchain.NativeCompiler;
import dev.kiln.ops.graph.ConstantValue;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Many graphs in one shared object: starting the C compiler costs more than compiling a small graph. The
 * first symbol of a call says which graph is meant; each graph sees the rest of the symbols and its own
 * constants.
 */
public final class GraphBatch implements AutoCloseable {
    private static final int UNITS = 2;

    /**
     * How well the C compiler optimises: the loops that Kiln writes, and the templates, which cost more to
     * compile.
     */
    public enum Effort {
        FAST("-O1", "-O0"), FULL("-O3", "-O3");

        private final String loops;
        private final String templates;

        Effort(String loops, String templates) {
            this.loops = loops;
            this.templates = templates;
        }
    }

    private final List<BatchedGraph> graphs;
    private final GraphLibrary library;
    private final NativeGraph code;
    private final Path file;
    private final boolean poisoned;

    private GraphBatch(List<BatchedGraph> graphs, GraphLibrary library, NativeGraph code, Path file, boolean poisoned) {
        this.poisoned = poisoned;
        this.graphs = graphs;
        this.library = library;
        this.code = code;
        this.file = file;
    }

    /** One runtime for all tests of the process. */
    private static final class Runtimes {
        private static final Map<Isa, Path> OBJECTS = new ConcurrentHashMap<>();
        private static final Map<String, KilnRuntime> OPEN = new ConcurrentHashMap<>();

        static KilnRuntime of(Isa isa, int threads) {
            return OPEN.computeIfAbsent(isa + " " + threads,
                k -> KilnRuntime.open(OBJECTS.computeIfAbsent(isa, Runtimes::object), isa, threads));
        }

        private static Path object(Isa isa) {
            return write(NativeCompiler.shared().compileAll(KilnRuntime.sourceUnits(), CpuTarget.of(isa), Deadline.none()));
        }
    }

    public static GraphBatch compile(List<BatchedGraph> graphs, Isa isa, Effort effort) {
        return compile(graphs, GraphRunner.Setup.of(isa, effort));
    }

    static GraphBatch compile(List<BatchedGraph> graphs, GraphRunner.Setup setup) {
        byte[] object = NativeCompiler.shared().compileAll(units(graphs, setup.effort()), CpuTarget.of(setup.isa()),
            Deadline.none());
        Path file = write(object);
        GraphLibrary library = GraphLibrary.open(Runtimes.of(setup.isa(), setup.threads()), file, setup.isa());
        List<MemorySegment> constants = graphs.stream().flatMap(g -> g.constants().stream()).toList();
        return new GraphBatch(graphs, library, library.bind(constants, List.of()), file, setup.poisoned());
    }

    private static List<CompileUnit> units(List<BatchedGraph> graphs, Effort effort) {
        List<CompileUnit> units = new ArrayList<>();
        StringBuilder entry = new StringBuilder(SourceUnits.prelude());
        StringBuilder runs = new StringBuilder();
        StringBuilder sizes = new StringBuilder();
        StringBuilder[] loops = bodies();
        StringBuilder[] templates = bodies();
        int constants = 0;
        for (int i = 0; i < graphs.size(); i++) {
            String prefix = "g" + i + "_";
            loops[i % UNITS].append(BatchedGraph.renamed(graphs.get(i).loops(), prefix));
            templates[i % UNITS].append(BatchedGraph.renamed(graphs.get(i).templates(), prefix));
            entry.append("int32_t ").append(prefix).append("entry(const kiln_call*);\nint64_t ")
                .append(prefix)
                .append("workspace_bytes(const int64_t*, int32_t);\n");
            runs.append("    case ").append(i).append(": own.constants += ").append(constants)
                .append("; return ")
                .append(prefix).append("entry(&own);\n");
            sizes.append("    case ").append(i).append(": return ").append(prefix)
                .append("workspace_bytes(syms + 1, threads);\n");
            constants += graphs.get(i).constants().size();
        }
        for (int i = 0; i < Math.min(UNITS, graphs.size()); i++) {
            units.add(new CompileUnit("templates" + i, templates[i].toString(), flags(templates[i], effort.templates)));
            units.add(new CompileUnit("loops" + i, loops[i].toString(), flags(loops[i], effort.loops)));
        }
        entry.append("""
            KILN_EXPORT int64_t kiln_workspace_bytes(const int64_t* syms, int32_t threads) {
              switch (syms[0]) {
                case -1: return syms[1];
            """).append(sizes).append("""
              }
              return 0;
            }
            KILN_EXPORT int32_t kiln_entry(const kiln_call* call) {
              kiln_call own = *call;
              own.syms = call->syms + 1;
              switch (call->syms[0]) {
                case -1: __builtin_memset(call->workspace, 0xff, call->syms[1]); return 0;
            """).append(runs).append("  }\n  return -1;\n}\n");
        graphs.stream().flatMap(g -> g.parts().stream()).distinct().forEach(units::add);
        units.add(new CompileUnit("switch", entry.toString(), List.of("-O0")));
        return units;
    }

    private static List<String> flags(StringBuilder text, String level) {
        List<String> flags = new ArrayList<>(SourceUnits.flags(text.toString()));
        flags.add(level);
        return flags;
    }

    private static StringBuilder[] bodies() {
        StringBuilder[] bodies = new StringBuilder[UNITS];
        Arrays.setAll(bodies, i -> new StringBuilder(SourceUnits.prelude()));
        return bodies;
    }

    private static Path write(byte[] object) {
        try {
            Path file = Files.createTempFile("kiln-test", ".so");
            file.toFile().deleteOnExit();
            return Files.write(file, object);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs one graph of the batch on inputs by source name; outputs by name, in order. */
    public Map<String, ConstantValue> run(int number, Map<String, ConstantValue> inputs) {
        CallMemory memory = CallMemory.of(graphs.get(number).graph(), inputs);
        long[] syms = new long[memory.symbols().length + 1];
        syms[0] = number;
        System.arraycopy(memory.symbols(), 0, syms, 1, memory.symbols().length);
        if (poisoned) {
            poison(code.workspaceBytes(syms));
        }
        code.call(syms, memory.inputs(), memory.outputs());
        memory.readSymbols(Arrays.copyOfRange(syms, 1, syms.length));
        return memory.results();
    }

    /** The workspace that the next call takes is full of NaN. */
    private void poison(long bytes) {
        if (bytes > 0) {
            code.call(new long[] {-1, bytes}, new MemorySegment[0], new MemorySegment[0]);
        }
    }

    @Override
    public void close() {
        code.close();
        library.close();
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
