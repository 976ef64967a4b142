package dev.kiln.stages.schedule;

import dev.kiln.stages.lowering.Buffer;
import dev.kiln.stages.lowering.LoopNode;
import dev.kiln.stages.lowering.LoopProgram;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Groups loop nodes into kernels. Nodes come in dependency order; each joins the group of its latest producer if it
 * may be computed there, else it opens a group. So every group depends only on groups before it.
 */
public final class Scheduler {
    private final List<GroupBuilder> groups = new ArrayList<>();
    private final Map<String, Integer> writer = new HashMap<>();
    private final Hoisting hoisting;
    /** The last group that gives a size: loops that may use it must not join earlier groups. */
    private int barrier = -1;

    private Scheduler(Hoisting hoisting) {
        this.hoisting = hoisting;
    }

    public static Schedule schedule(LoopProgram lowered) {
        return schedule(lowered, Placement.NONE);
    }

    public static Schedule schedule(LoopProgram lowered, Placement placement) {
        Map<String, String> writtenBack = placement.writtenBack();
        LoopProgram program = SplitReductions.split(lowered);
        Scheduler scheduler = new Scheduler(new Hoisting(program, placement));
        program.nodes().stream().filter(n -> !writtenBack.containsKey(n.output().name())).forEach(scheduler::place);
        program.nodes().stream().filter(n -> writtenBack.containsKey(n.output().name()))
            .forEach(n -> scheduler.groups.add(open(n)));
        return scheduler.finish(program, placement);
    }

    private void place(LoopNode node) {
        int latest = Math.max(barrier, writer.getOrDefault(node.output().name(), -1));
        for (String read : node.reads()) {
            latest = Math.max(latest, writer.getOrDefault(read, -1));
        }
        boolean joined = latest >= 0 && hoisting.pays(node, groups.size() - latest) && groups.get(latest).tryAdd(node);
        for (int later = latest + 1; !joined && later < groups.size(); later++) {
            joined = isBeside(node, groups.get(later).members().getFirst()) && groups.get(later).tryAdd(node);
            latest = joined ? later : latest;
        }
        if (!joined) {
            groups.add(open(node));
            latest = groups.size() - 1;
        }
        writer.put(node.output().name(), latest);
        if (node instanceof LoopNode.DataSize) {
            barrier = latest;
        }
    }

    /**
     * Whether two reductions share a kernel though neither needs the other: because they read the same, or because each
     * is hardly worth a launch.
     */
    private static boolean isBeside(LoopNode node, LoopNode first) {
        return node instanceof LoopNode.Reduction a && first instanceof LoopNode.Reduction b
            && a.sizes().equals(b.sizes()) && a.reduced().equals(b.reduced())
            && (a.sizes().isEmpty() || a.reads().equals(b.reads()));
    }

    private static GroupBuilder open(LoopNode node) {
        return switch (node) {
            case LoopNode.Pointwise p -> new RowsBuilder(p);
            case LoopNode.Reduction r -> new RowsBuilder(r);
            case LoopNode.Matrix m -> new TemplateBuilder(m);
            case LoopNode.BatchedMatmul b -> new TemplateBuilder(b);
            case LoopNode.Attention a -> new TemplateBuilder(a);
            case LoopNode.Scan s -> new TemplateBuilder(s);
            case LoopNode.Sort s -> new TemplateBuilder(s);
            case LoopNode.Scatter s -> new TemplateBuilder(s);
            case LoopNode.Recurrent r -> new TemplateBuilder(r);
            case LoopNode.Fourier f -> new TemplateBuilder(f);
            case LoopNode.Suppression s -> new TemplateBuilder(s);
            case LoopNode.DataSize d -> new SizeBuilder(d);
        };
    }

    private Schedule finish(LoopProgram program, Placement placement) {
        List<KernelGroup> built = new ArrayList<>();
        for (int i = 0; i < groups.size(); i++) {
            built.add(groups.get(i).build(visibleOutside(i, program)));
        }
        List<KernelGroup> order = placement.inWorkspace().isEmpty() ? early(built, placement.writtenBack())
            : PeakReducer.run(program, built, placement.inWorkspace());
        return new Schedule(program, List.copyOf(order), MemoryPlanner.plan(program, order, placement), placement);
    }

    /** With the copies, which are the last groups, as early as may be: right behind what they copy and what reads the input. */
    private static List<KernelGroup> early(List<KernelGroup> groups, Map<String, String> writtenBack) {
        List<List<KernelGroup>> behind = new ArrayList<>();
        int first = groups.size() - (int) groups.stream().filter(g -> isCopy(g, writtenBack)).count();
        Map<String, Integer> lastUse = new HashMap<>();
        for (int g = 0; g < first; g++) {
            behind.add(new ArrayList<>(List.of(groups.get(g))));
            for (LoopNode node : groups.get(g).members()) {
                lastUse.put(node.output().name(), g);
                for (String read : node.reads()) {
                    lastUse.put(read, g);
                }
            }
        }
        List<KernelGroup> others = new ArrayList<>();
        for (KernelGroup copy : groups.subList(first, groups.size())) {
            LoopNode node = copy.members().getFirst();
            int last = lastUse.getOrDefault(writtenBack.get(node.output().name()), -1);
            for (String read : node.reads()) {
                last = Math.max(last, lastUse.getOrDefault(read, -1));
            }
            (last < 0 ? others : behind.get(last)).add(copy);
        }
        List<KernelGroup> order = new ArrayList<>();
        behind.forEach(order::addAll);
        order.addAll(others);
        return order;
    }

    private static boolean isCopy(KernelGroup group, Map<String, String> writtenBack) {
        return writtenBack.containsKey(group.members().getFirst().output().name());
    }

    /** Buffers of a group that other groups touch or that are graph outputs. */
    private Set<String> visibleOutside(int group, LoopProgram program) {
        Set<String> visible = new HashSet<>();
        for (int i = 0; i < groups.size(); i++) {
            if (i != group) {
                groups.get(i).members().forEach(m -> {
                    visible.addAll(m.reads());
                    visible.add(m.output().name());
                });
            }
        }
        program.outputs().stream().map(Buffer::name).forEach(visible::add);
        return visible;
    }
}
