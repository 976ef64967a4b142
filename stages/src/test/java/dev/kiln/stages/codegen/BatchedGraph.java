package dev.kiln.stages.codegen;

import dev.kiln.kernels.cpu.Isa;
import dev.kiln.kernels.toolchain.CompileUnit;
import dev.kiln.ops.graph.Graph;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.Debug;
import dev.kiln.stages.lowering.GraphLowering;
import dev.kiln.stages.pass.Decisions;
import dev.kiln.stages.pass.PassContext;
import dev.kiln.stages.postgrad.PostGradPasses;
import dev.kiln.stages.schedule.Schedule;
import dev.kiln.stages.schedule.Scheduler;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A graph on its way into a batch: all phases up to C text are done.
 *
 * @param graph after the post-grad passes
 * @param loops text of the kernels that are written for this graph, and its entry
 * @param templates text of the others: products and attention
 * @param parts units of the micro-kernels that they call
 */
public record BatchedGraph(Graph graph, GeneratedCode code, List<MemorySegment> constants, String loops,
        String templates, List<CompileUnit> parts) {

    /** As {@link #of(Graph, GraphRunner.Setup)}, with the first variant of each kernel. */
    public static BatchedGraph of(Graph graph, Isa isa) {
        return of(graph, GraphRunner.Setup.of(isa, GraphBatch.Effort.FAST));
    }

    /** Runs the phases. Verifies the graph after each pass. */
    static BatchedGraph of(Graph graph, GraphRunner.Setup setup) {
        CompileOptions options = CompileOptions.defaults()
            .withDebug(new Debug(0, Optional.empty(), Set.of(), 1));
        Graph simple = PostGradPasses.run(graph, new PassContext(options, new Decisions()));
        Schedule schedule = Scheduler.schedule(GraphLowering.lower(simple));
        GeneratedCode code = CodeGenerator.generate(simple, schedule, setup.target());
        Map<String, Kernel.Variant> chosen = new LinkedHashMap<>();
        code.kernels().forEach(k -> chosen.put(k.name(), k.variants().get(setup.variant() % k.variants().size())));
        StringBuilder loops = new StringBuilder();
        StringBuilder templates = new StringBuilder();
        code.kernels().forEach(k -> (k.kind() == Kernel.Kind.LOOPS ? loops : templates).append(k.comment())
            .append(chosen.get(k.name()).source()).append('\n'));
        NativeBuild.launches(chosen).forEach((name, function) -> loops.append("#define " + name + " " + function + "\n"));
        loops.append(EntryWriter.write(code, NativeBuild.constantUses(code)));
        List<MemorySegment> constants = NativeBuild.constants(code, chosen).stream().map(ConstantLayout::copy).toList();
        return new BatchedGraph(simple, code, constants, loops.toString(), templates.toString(),
            SourceUnits.parts(chosen.values()));
    }

    /** The text with every function of the graph renamed, so that many graphs fit in one object. */
    static String renamed(String source, String prefix) {
        return source.replaceAll("(?<![A-Za-z0-9])kernel(?=\\d)", prefix + "kernel")
            .replaceAll("\\bkiln_(entry|slots|scratch|workspace_bytes)\\b", prefix + "$1")
            .replace("__attribute__((visibility(\"default\")))", "");
    }
}
