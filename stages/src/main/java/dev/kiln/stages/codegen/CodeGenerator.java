package dev.kiln.stages.codegen;

import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.lowering.Buffer;
import dev.kiln.stages.lowering.LoopNode;
import dev.kiln.stages.schedule.KernelGroup;
import dev.kiln.stages.schedule.Schedule;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Writes the kernels of a schedule. Groups whose kernels have the same text share one. */
public final class CodeGenerator {
    private final Graph graph;
    private final Schedule schedule;
    private final CodegenTarget target;
    private final List<String> symbols;
    private final Map<String, Kernel> kernels = new LinkedHashMap<>();
    private final List<Launch> launches = new ArrayList<>();

    private CodeGenerator(Graph graph, Schedule schedule, CodegenTarget target) {
        this.graph = graph;
        this.schedule = schedule;
        this.target = target;
        this.symbols = schedule.program().shapes().symbols().stream().map(ShapeEnv.Symbol::name).toList();
    }

    /** @param graph the graph that the schedule was lowered from, for comments */
    public static GeneratedCode generate(Graph graph, Schedule schedule, CodegenTarget target) {
        CodeGenerator generator = new CodeGenerator(graph, schedule, target);
        schedule.groups().forEach(generator::generate);
        return new GeneratedCode(schedule, List.copyOf(generator.kernels.values()), generator.launches,
            generator.symbols);
    }

    private void generate(KernelGroup group) {
        switch (group) {
            case KernelGroup.Rows rows -> {
                RowsKernel kernel = new RowsKernel(rows, symbols, schedule.program()::buffer);
                String source = kernel.write();
                add(group, Kernel.Kind.LOOPS, List.of(plain("", source)), kernel.arguments(), Optional.empty());
            }
            case KernelGroup.Template template -> generate(template);
        }
    }

    private void generate(KernelGroup.Template group) {
        switch (group.node()) {
            case LoopNode.Linear linear -> {
                LinearKernel kernel = new LinearKernel(group, symbols, schedule.program()::buffer);
                List<Kernel.Variant> variants = kernel.variants(target);
                add(group, Kernel.Kind.LINEAR, variants, kernel.arguments(),
                    Optional.of(tuning(group, linear, kernel)));
            }
            case LoopNode.BatchedMatmul matmul -> {
                MatmulKernel kernel = new MatmulKernel(matmul, symbols, schedule.program()::buffer);
                add(group, Kernel.Kind.MATMUL, List.of(plain("", kernel.write(target))),
                    kernel.arguments(), Optional.empty());
            }
            case LoopNode.Attention attention -> {
                AttentionKernel kernel = new AttentionKernel(attention, symbols, schedule.program()::buffer);
                add(group, Kernel.Kind.ATTENTION, List.of(plain("", kernel.write(target))),
                    kernel.arguments(), Optional.empty());
            }
            default -> throw new IllegalStateException("not a template: " + group.node());
        }
    }

    private static Kernel.Variant plain(String label, String source) {
        return new Kernel.Variant(label, "KERNEL", source, Optional.empty(), List.of());
    }

    private Kernel.Tuning tuning(KernelGroup.Template group, LoopNode.Linear node, LinearKernel kernel) {
        ShapeEnv shapes = schedule.program().shapes();
        List<SymInt> bytes = new ArrayList<>();
        List<Integer> outputs = new ArrayList<>();
        Set<String> written = new LinkedHashSet<>();
        group.members().forEach(m -> written.add(m.output().name()));
        for (int i = 0; i < kernel.arguments().size(); i++) {
            Buffer buffer = schedule.program().buffer(kernel.arguments().get(i));
            bytes.add(buffer.bytes());
            if (written.contains(buffer.name())) {
                outputs.add(i);
            }
        }
        String op = group.epilogue().isEmpty() ? "linear" : "linear_unary";
        return new Kernel.Tuning(op, shapes.hint(node.m()), node.n(), node.k(), kernel.weightArgument(),
            node.weightTransposed(), bytes, outputs, kernel.reference());
    }

    /** Registers the kernel, unless one with the same text is there, and a step that calls it. */
    private void add(KernelGroup group, Kernel.Kind kind, List<Kernel.Variant> variants, List<String> arguments,
            Optional<Kernel.Tuning> tuning) {
        Set<String> origins = new LinkedHashSet<>();
        group.members().forEach(m -> origins.addAll(m.origins()));
        List<String> ordered = graph.calls().stream().map(c -> c.name()).filter(origins::contains).toList();
        String text = variants.getFirst().source() + tuning.map(t -> t.reference().source()).orElse("");
        Kernel kernel = kernels.computeIfAbsent(text, t -> {
            String name = KernelComments.name(kernels.size(), graph, ordered);
            return new Kernel(name, kind, KernelComments.comment(name, graph, ordered),
                variants.stream().map(v -> named(v, name)).toList(), tuning.map(u -> named(u, name)));
        });
        int weight = tuning.map(Kernel.Tuning::weightArgument).orElse(-1);
        launches.add(new Launch(kernel.name(), arguments, weight,
            tuning.map(Kernel.Tuning::weightTransposed).orElse(false), ordered));
    }

    private static Kernel.Tuning named(Kernel.Tuning t, String name) {
        return new Kernel.Tuning(t.op(), t.m(), t.n(), t.k(), t.weightArgument(), t.weightTransposed(), t.arguments(),
            t.outputs(), named(t.reference(), name));
    }

    /** Variants of one kernel can stand in one library: their functions carry the variant's label. */
    private static Kernel.Variant named(Kernel.Variant variant, String name) {
        String function = variant.label().isEmpty() ? name
            : name + "__" + variant.label().replaceAll("[^A-Za-z0-9]", "_");
        return new Kernel.Variant(variant.label(), function, variant.source().replace("KERNEL", function),
            variant.packing(), variant.externs());
    }
}
