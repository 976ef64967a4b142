package dev.kiln.stages.postgrad;

import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.kernels.cpu.Isa;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphText;
import dev.kiln.ops.graph.GraphVerifier;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.Precision;
import dev.kiln.stages.codegen.CodeGenerator;
import dev.kiln.stages.codegen.CodegenTarget;
import dev.kiln.stages.codegen.Kernel;
import dev.kiln.stages.lowering.GraphLowering;
import dev.kiln.stages.pass.Decisions;
import dev.kiln.stages.pass.Pass;
import dev.kiln.stages.pass.PassContext;
import dev.kiln.stages.schedule.KernelGroup;
import dev.kiln.stages.schedule.Schedule;
import dev.kiln.stages.schedule.Scheduler;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The steps of {@code .ir} files: passes by name, the whole plan as {@code post-grad}, and the phases after
 * it.
 */
final class IrSteps {
    private static final Map<String, Pass> PASSES = List.of(new EliminateDeadCode(), new RemoveNoOps(),
        new FoldConstants(), new EliminateCommonSubexpressions(), new FuseAttention(),
        new MergeParallelLinears(), new FuseQuantizedLinears(), new ChangePrecision(),
        new Decompose()).stream().collect(Collectors.toMap(Pass::name, Function.identity()));

    private static final String PRECISION = "precision=";

    private IrSteps() {
    }

    /** The text of what the last step gives. */
    static String run(List<String> steps, String text) {
        Graph graph = GraphText.parse(text);
        GraphVerifier.verify(graph, "in the test");
        PassContext context = context(steps);
        for (String step : steps) {
            switch (step) {
                case "post-grad" -> graph = PostGradPasses.run(graph, context);
                case "lower" -> {
                    return GraphLowering.lower(graph).toString();
                }
                case "schedule" -> {
                    return print(Scheduler.schedule(GraphLowering.lower(graph)));
                }
                case "codegen" -> {
                    return code(graph);
                }
                case String option when option.startsWith(PRECISION) -> { }
                default -> graph = pass(step).run(graph, context);
            }
            GraphVerifier.verify(graph, "after " + step);
        }
        return graph.toString();
    }

    /** {@code precision=bf16} is an option of the steps after it. */
    private static PassContext context(List<String> steps) {
        CompileOptions options = CompileOptions.defaults();
        for (String step : steps) {
            options = step.startsWith(PRECISION)
                ? options.withPrecision(Precision.parse(step.substring(PRECISION.length()))) : options;
        }
        return new PassContext(options, new Decisions());
    }

    private static Pass pass(String name) {
        Pass pass = PASSES.get(name);
        if (pass == null) {
            throw new IllegalArgumentException("no step " + name + "; passes are " + PASSES.keySet());
        }
        return pass;
    }

    private static String print(Schedule schedule) {
        StringBuilder out = new StringBuilder();
        for (KernelGroup group : schedule.groups()) {
            out.append(switch (group) {
                case KernelGroup.Rows rows -> "rows " + rows.outer() + rows.stages().stream()
                    .map(s -> "\n  stage " + s.inner() + ": " + s.statements().stream()
                        .map(t -> t.output().name()).collect(Collectors.joining(", ")))
                    .collect(Collectors.joining());
                case KernelGroup.Size s -> "size " + s.node().symbol() + " and " + s.node().output().name();
                case KernelGroup.Template t -> "template " + t.node().output().name() + t.epilogue().stream()
                    .map(s -> "\n  then " + s.output().name()).collect(Collectors.joining());
            }).append(internal(group.internal())).append('\n');
        }
        return out.append("slots ").append(schedule.memory().slots()).append(' ')
            .append(new TreeMap<>(schedule.memory().slotOf())).append('\n').toString();
    }

    private static String internal(Set<String> names) {
        return names.isEmpty() ? "" : "\n  inside: " + names.stream().sorted()
            .collect(Collectors.joining(", "));
    }

    /** Comments of all kernels, text of those that are not made from templates. */
    private static String code(Graph graph) {
        CodegenTarget target = CodegenTarget.of(Isa.BASELINE, CpuInfo.detect(), Set.of());
        return CodeGenerator.generate(graph, Scheduler.schedule(GraphLowering.lower(graph)), target)
            .kernels().stream()
            .map(k -> k.comment() + (k.kind() == Kernel.Kind.LOOPS ? k.variants().getFirst().source() : ""))
            .collect(Collectors.joining("\n"));
    }
}
