package dev.kiln.stages.codegen;

import dev.kiln.kernels.cpu.Isa;
import dev.kiln.kernels.extern.LibraryKernels;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.CompileOptions.Autotune;
import dev.kiln.stages.Environment;
import dev.kiln.stages.lowering.GraphLowering;
import dev.kiln.stages.lowering.LoopProgram;
import dev.kiln.stages.pass.Decisions;
import dev.kiln.stages.postgrad.PostGradDone;
import dev.kiln.stages.schedule.KernelGroup;
import dev.kiln.stages.schedule.PeakReport;
import dev.kiln.stages.schedule.Placement;
import dev.kiln.stages.schedule.Schedule;
import dev.kiln.stages.schedule.Scheduler;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** The codegen phase: lowering, scheduling, and C for each kernel in all its variants. */
public final class CodegenPhase {
    private CodegenPhase() {
    }

    public static GeneratedCode run(PostGradDone input, CompileOptions options, Environment environment,
            Decisions decisions) {
        Schedule schedule = schedule(input);
        LoopProgram program = schedule.program();
        options.debug().dump("loops", program);
        PeakReport peak = PeakReport.of(schedule);
        options.debug().dump("memory", peak);
        options.debug().show(3, "memory", () -> peak);
        explain(schedule, peak, decisions);
        options.debug().show(1, "machine", environment::cpu);
        options.debug().show(1, "target", () -> environment.target(options).fingerprint());
        options.debug().show(3, "loops", () -> program);
        CodegenTarget target = CodegenTarget.of(environment.isa(options), environment.cpu(),
            libraries(options.autotune(), environment.isa(options))).with(options.autotune());
        GeneratedCode code = CodeGenerator.generate(input.graph(), schedule, target);
        return options.autotune() == Autotune.OFF ? code.untuned() : code;
    }

    /** Lowering and scheduling: all that decides on memory. */
    public static Schedule schedule(PostGradDone input) {
        LoopProgram program = GraphLowering.lower(input.graph(), input.writtenBack().keySet());
        return Scheduler.schedule(program, placement(input, program));
    }

    /** Library functions that candidates may use here; finding out must not load a library. */
    private static Set<String> libraries(Autotune autotune, Isa isa) {
        return Arrays.stream(LibraryGemm.values()).filter(l -> autotune == Autotune.MAX || l.isLikely(isa))
            .map(LibraryGemm::function).filter(LibraryKernels::isPresent).collect(Collectors.toSet());
    }

    private static Placement placement(PostGradDone input, LoopProgram program) {
        Map<String, String> buffers = buffers(input, program);
        Map<String, String> back = new HashMap<>();
        input.writtenBack().forEach((output, source) -> back.put(buffers.get(output), buffers.get(source)));
        return new Placement(input.kept().stream().map(buffers::get).toList(),
            input.roomFor().stream().map(buffers::get).toList(), back);
    }

    /** By the names of the graph's inputs and outputs. */
    private static Map<String, String> buffers(PostGradDone input, LoopProgram program) {
        Map<String, String> buffers = new HashMap<>();
        for (int i = 0; i < program.inputs().size(); i++) {
            buffers.put(input.graph().placeholders().get(i).source(), program.inputs().get(i).name());
        }
        for (int i = 0; i < program.outputs().size(); i++) {
            buffers.put(input.graph().outputs().get(i).name(), program.outputs().get(i).name());
        }
        return buffers;
    }

    private static void explain(Schedule schedule, PeakReport peak, Decisions decisions) {
        decisions.add("schedule", schedule.program().nodes().size() + " loop nodes in " + schedule.groups().size()
            + " kernels, " + schedule.memory().slots().size() + " workspace slots "
            + schedule.memory().slots());
        decisions.add("schedule", peak.summary());
        for (KernelGroup group : schedule.groups()) {
            decisions.add("schedule", group.members().stream().map(m -> m.output().name()).toList()
                + (group.internal().isEmpty() ? "" : ", kept inside " + group.internal().stream().sorted().toList()));
        }
    }
}
