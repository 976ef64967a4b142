package dev.kiln.stages.codegen;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.lowering.Buffer;
import dev.kiln.stages.lowering.LoopNode;
import dev.kiln.stages.lowering.Operand;
import dev.kiln.stages.schedule.KernelGroup;
import dev.kiln.stages.schedule.Schedule;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** Writes the kernels of a schedule. Groups whose kernels have the same text share one. */
public final class CodeGenerator {
    /** Place of the weight among a template's arguments. */
    private static final int WEIGHT = 1;

    /** Multiplications that take long enough, some 50 microseconds, for the choice to matter. */
    private static final long WORTH_TUNING = 10_000_000;
    private static final int TUNED_PROBLEMS = 8;
    private static final int TUNED_WHEN_SEARCHING = 32;

    private final Graph graph;
    private final Schedule schedule;
    private final CodegenTarget target;
    private final List<String> symbols;
    private final List<String> calls;
    private final boolean eagerNumerics;
    private final Map<String, Kernel> kernels = new LinkedHashMap<>();
    private final List<Launch> launches = new ArrayList<>();

    private CodeGenerator(Graph graph, Schedule schedule, CodegenTarget target) {
        this.graph = graph;
        this.schedule = schedule;
        this.target = target.with(schedule.program().shapes());
        this.calls = graph.calls().stream().map(Node.Call::name).toList();
        this.eagerNumerics = graph.calls().stream().anyMatch(c -> c.meta().lowPrecisionBarrier());
        this.symbols = schedule.program().shapes().symbols().stream().map(ShapeEnv.Symbol::name).toList();
    }

    /** @param graph the graph that the schedule was lowered from, for comments */
    public static GeneratedCode generate(Graph graph, Schedule schedule, CodegenTarget target) {
        CodeGenerator generator = new CodeGenerator(graph, schedule, target);
        schedule.groups().forEach(generator::generate);
        return new GeneratedCode(schedule, withinBudget(generator.kernels.values(), target), generator.launches,
            generator.symbols);
    }

    /** Only the dearest problems are tuned: a compile should not take longer the more small ones a model has. */
    private static List<Kernel> withinBudget(Collection<Kernel> kernels, CodegenTarget target) {
        Set<String> dearest = kernels.stream().flatMap(k -> k.tuning().stream())
            .sorted(Comparator.comparing(t -> -t.products())).map(Kernel.Tuning::work).distinct()
            .limit(target.searchesAll() ? TUNED_WHEN_SEARCHING : TUNED_PROBLEMS).collect(Collectors.toSet());
        return kernels.stream()
            .map(k -> k.tuning().filter(t -> !dearest.contains(t.work())).isPresent() ? k.untuned() : k).toList();
    }

    private void generate(KernelGroup group) {
        switch (group) {
            case KernelGroup.Rows rows -> {
                RowsKernel kernel = new RowsKernel(rows, symbols, schedule.program()::buffer,
                    schedule.memory().inPlace(), eagerNumerics);
                Kernel.Variant only = kernel.write();
                add(group, Kernel.Kind.LOOPS, only, kernel.arguments());
            }
            case KernelGroup.Size size -> {
                SizeKernel kernel = new SizeKernel(size.node(), symbols, schedule.program()::buffer);
                Kernel.Variant only = Kernel.Variant.only(kernel.write(), Set.of());
                add(group, Kernel.Kind.SIZE, only, kernel.arguments());
            }
            case KernelGroup.Template template -> generate(template);
        }
    }

    private void generate(KernelGroup.Template group) {
        switch (group.node()) {
            case LoopNode.Linear linear ->
                add(group, new LinearKernel(group, symbols, schedule.program()::buffer,
                    schedule.memory().inPlace()));
            case LoopNode.Convolution convolution -> add(group, new ConvolutionKernel(group, symbols,
                schedule.program()::buffer, schedule.program().shapes()));
            case LoopNode.BatchedMatmul matmul -> {
                MatmulKernel kernel = new MatmulKernel(matmul, symbols, schedule.program()::buffer);
                add(group, Kernel.Kind.MATMUL, kernel.write(target), kernel.arguments());
            }
            case LoopNode.Attention attention -> {
                AttentionKernel kernel = new AttentionKernel(attention, symbols, schedule.program()::buffer);
                add(group, Kernel.Kind.ATTENTION, kernel.write(target), kernel.arguments());
            }
            case LoopNode.Scan scan -> add(group, new ScanKernel(scan, symbols, schedule.program()::buffer));
            case LoopNode.Sort sort -> add(group, new SortKernel(sort, symbols, schedule.program()::buffer));
            case LoopNode.Scatter scatter ->
                add(group, new ScatterKernel(scatter, symbols, schedule.program()::buffer));
            case LoopNode.Recurrent recurrent ->
                add(group, new RecurrentKernel(recurrent, symbols, schedule.program()::buffer));
            case LoopNode.Fourier fourier ->
                add(group, new FourierKernel(fourier, symbols, schedule.program()::buffer));
            case LoopNode.Suppression suppression ->
                add(group, new SuppressionKernel(suppression, symbols, schedule.program()::buffer));
            default -> throw new IllegalStateException("not a template: " + group.node());
        }
    }

    private void add(KernelGroup.Template group, NodeKernel<?> kernel) {
        Kernel.Variant only = Kernel.Variant.only(kernel.write(), Set.of());
        add(group, Kernel.Kind.LOOPS, only, kernel.arguments(), limited(kernel.scratch()));
    }

    private void add(KernelGroup.Template group, TemplateKernel template) {
        Kernel shared = kernel(group, template.identity(), name -> {
            List<Kernel.Variant> all = named(template.variants(target), name);
            boolean tuned = all.size() > 1 && schedule.program().shapes().hint(template.products()) >= WORTH_TUNING;
            List<Kernel.Variant> variants = tuned ? all : all.subList(0, 1);
            Optional<Kernel.Tuning> tuning = tuned ? Optional.of(tuning(group, template, name)) : Optional.empty();
            return new Kernel(name, template.kind(), comment(name, group), variants, mostScratch(template),
                tuning);
        });
        launches.add(new Launch(shared.name(), template.arguments(), template.hasConstantWeight() ? WEIGHT : -1,
            template.weightTransposed(), origins(group)));
    }

    /** A kernel that can be computed in one way. */
    private void add(KernelGroup group, Kernel.Kind kind, Kernel.Variant only, List<String> arguments) {
        add(group, kind, only, arguments, SymInt.ZERO);
    }

    private void add(KernelGroup group, Kernel.Kind kind, Kernel.Variant only, List<String> arguments, SymInt scratch) {
        Kernel shared = kernel(group, only.source(), name -> new Kernel(name, kind, comment(name, group),
            named(List.of(only), name), scratch, Optional.empty()));
        launches.add(new Launch(shared.name(), arguments, -1, false, origins(group)));
    }

    /** The kernel of that identity: an earlier group's, or a new one. */
    private Kernel kernel(KernelGroup group, String identity, Function<String, Kernel> make) {
        return kernels.computeIfAbsent(identity,
            text -> make.apply(KernelComments.name(kernels.size(), graph, origins(group))));
    }

    /** Scratch is set aside before the graph runs, when sizes from data are not known yet. */
    private SymInt mostScratch(TemplateKernel template) {
        return limited(template.scratch());
    }

    private SymInt limited(SymInt bytes) {
        return schedule.program().shapes().limit(bytes).orElseThrow(() -> new KilnException.Unsupported(
            "a kernel needs " + bytes + " bytes, which depends on data and has no upper limit"));
    }

    private String comment(String name, KernelGroup group) {
        return KernelComments.comment(name, graph, origins(group));
    }

    /** Graph nodes of a group, in the graph's order. */
    private List<String> origins(KernelGroup group) {
        Set<String> origins = new LinkedHashSet<>();
        group.members().forEach(m -> origins.addAll(m.origins()));
        return calls.stream().filter(origins::contains).toList();
    }

    private Kernel.Tuning tuning(KernelGroup.Template group, TemplateKernel template, String name) {
        ShapeEnv shapes = schedule.program().shapes();
        List<Kernel.Argument> arguments = new ArrayList<>();
        List<Kernel.Operand> operands = new ArrayList<>();
        Set<String> written = new LinkedHashSet<>();
        group.members().forEach(m -> written.add(m.output().name()));
        boolean binary = false;
        for (int i = 0; i < template.arguments().size(); i++) {
            Buffer buffer = schedule.program().buffer(template.arguments().get(i));
            boolean output = written.contains(buffer.name());
            arguments.add(new Kernel.Argument(buffer.bytes(), buffer.dtype(), output));
            if (i == 0) {
                Operand input = template.input();
                operands.add(new Kernel.Operand(hints(input.sizes()), hints(input.strides()), buffer.dtype()));
            } else if (!output) {
                operands.add(new Kernel.Operand(hints(buffer.sizes()), hints(buffer.strides()), buffer.dtype()));
                binary |= i > WEIGHT && buffer.numel().equals(group.node().output().numel());
            }
        }
        String suffix = group.epilogue().isEmpty() ? "" : binary ? "_binary" : "_unary";
        return new Kernel.Tuning(template.op() + suffix, operands, String.join(", ", template.operands(shapes)),
            template.identity(), template.depth(), shapes.hint(template.products()), WEIGHT, template.weightTransposed(),
            arguments, named(template.reference(), name));
    }

    private List<Long> hints(List<SymInt> sizes) {
        return sizes.stream().map(schedule.program().shapes()::hint).toList();
    }

    /** A text that is written when it is first wanted. */
    private static final class Once implements Supplier<String> {
        private Supplier<String> writer;
        private String text;

        Once(Supplier<String> writer) {
            this.writer = writer;
        }

        @Override
        public synchronized String get() {
            if (text == null) {
                text = writer.get();
                writer = null;
            }
            return text;
        }
    }

    private static List<Kernel.Variant> named(List<Kernel.Variant> variants, String name) {
        return variants.stream().map(v -> named(v, name)).toList();
    }

    /** Variants of one kernel can stand in one library: their functions carry the variant's label. */
    private static Kernel.Variant named(Kernel.Variant variant, String name) {
        String function = variant.label().isEmpty() ? name
            : name + "__" + variant.label().replaceAll("[^A-Za-z0-9]", "_");
        return new Kernel.Variant(variant.label(), function, new Once(() -> variant.source().replace("KERNEL", function)),
            variant.parts(), variant.packing(), variant.externs());
    }
}
