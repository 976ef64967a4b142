package dev.kiln.stages.schedule;

import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.lowering.Buffer;
import dev.kiln.stages.lowering.LoopNode;
import dev.kiln.stages.lowering.LoopProgram;
import dev.kiln.stages.schedule.KernelGroup.Stage;
import dev.kiln.stages.schedule.KernelGroup.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which results of a kernel may be written over what it reads, if nobody reads that any more: where each element is read
 * before the element of the result with the same offset is written, and by the same iteration or an earlier stage of its
 * row.
 */
final class InPlace {
    private final LoopProgram program;
    private final Map<String, List<String>> found = new LinkedHashMap<>();

    private InPlace(LoopProgram program) {
        this.program = program;
    }

    /** By result: the buffers that it may be written over. */
    static Map<String, List<String>> candidates(LoopProgram program, KernelGroup group) {
        InPlace places = new InPlace(program);
        switch (group) {
            case KernelGroup.Rows rows -> places.add(group, rows.stages());
            case KernelGroup.Template template when template.node() instanceof LoopNode.Linear linear
                && linear.right().panels().isPresent() ->
                places.add(group, List.of(new Stage(List.of(), template.epilogue())));
            default -> { }
        }
        return places.found;
    }

    /**
     * What is written over what, for an order of kernels: each buffer is written over once at most.
     *
     * @param resident what lies in the workspace besides intermediate buffers; of that, only inputs are written over
     * @return the buffers written over, by results
     */
    static Map<String, String> choose(LoopProgram program, List<KernelGroup> groups, List<Life> lives, Set<String> resident) {
        Map<String, Life> byName = new HashMap<>();
        lives.forEach(l -> byName.put(l.name(), l));
        Map<String, String> chosen = new LinkedHashMap<>();
        for (int g = 0; g < groups.size(); g++) {
            int now = g;
            candidates(program, groups.get(g)).forEach((output, inputs) -> {
                if (byName.containsKey(output) && byName.get(output).first() == now && !resident.contains(output)) {
                    inputs.stream().filter(i -> byName.containsKey(i) && byName.get(i).first() < now
                        && byName.get(i).last() == now && !chosen.containsValue(i)).findFirst()
                        .ifPresent(i -> chosen.put(output, i));
                }
            });
        }
        return chosen;
    }

    private void add(KernelGroup group, List<Stage> stages) {
        for (int stage = 0; stage < stages.size(); stage++) {
            for (Statement statement : stages.get(stage).statements()) {
                String output = statement.output().name();
                boolean once = group.members().stream().filter(m -> m.output().name().equals(output)).count() == 1;
                if (once && statement.node() instanceof LoopNode.Pointwise && !group.internal().contains(output)) {
                    List<String> inputs = group.members().stream().flatMap(m -> m.reads().stream()).distinct()
                        .filter(b -> isAlike(program.buffer(b), statement.output())).toList();
                    int at = stage;
                    found.put(output, inputs.stream().filter(b -> mayWriteOver(group, stages, at, statement, b)).toList());
                }
            }
        }
    }

    private static boolean isAlike(Buffer input, Buffer output) {
        return input.dtype() == output.dtype() && input.bytes().equals(output.bytes());
    }

    private static boolean mayWriteOver(KernelGroup group, List<Stage> stages, int last, Statement store, String buffer) {
        boolean made = group.members().stream().anyMatch(m -> m.output().name().equals(buffer));
        boolean multiplied = group instanceof KernelGroup.Template t && t.node().reads().contains(buffer);
        if (made || multiplied) {
            return false;
        }
        boolean behind = false;
        for (int s = 0; s < stages.size(); s++) {
            for (Statement statement : stages.get(s).statements()) {
                List<SymInt> loads = loads(statement.body(), buffer);
                boolean sameRow = stages.get(s).inner().equals(stages.get(last).inner());
                if (loads == null || !loads.isEmpty()
                    && (behind || !sameRow || !loads.stream().allMatch(store.store()::equals))) {
                    return false;
                }
                behind |= statement == store;
            }
        }
        return true;
    }

    /** Where elements of a buffer are loaded; null if that depends on data. */
    private static List<SymInt> loads(Scalar body, String buffer) {
        List<SymInt> indices = new ArrayList<>();
        boolean[] gathers = {false};
        body.rewrite(s -> {
            switch (s) {
                case Scalar.Load load when load.buffer().equals(buffer) -> indices.add(load.index());
                case Scalar.Gather gather -> gathers[0] |= gather.buffer().equals(buffer);
                default -> { }
            }
            return s;
        });
        return gathers[0] ? null : indices;
    }
}
