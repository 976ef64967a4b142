package dev.kiln.bench.training;

import dev.kiln.demo.train.Gpt;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.autograd.AutogradPhase;
import dev.kiln.stages.autograd.FunctionSplit;
import dev.kiln.stages.autograd.GraphSplit;
import dev.kiln.stages.autograd.MinCutPartitioner;
import dev.kiln.stages.autograd.PartitionOptions;
import dev.kiln.stages.codegen.CodegenPhase;
import dev.kiln.stages.pass.Decisions;
import dev.kiln.stages.postgrad.PostGradPhase;
import dev.kiln.stages.schedule.PeakReport;
import dev.kiln.stages.schedule.Schedule;
import dev.kiln.stages.trace.function.TracedFunction;
import dev.kiln.tensor.FunctionTracer;
import dev.kiln.tensor.Generator;
import dev.kiln.tensor.Tensor;
import dev.kiln.tensor.Torch;
import java.util.List;
import java.util.Locale;

/**
 * The memory of a GPT's training step as it is planned: nothing is compiled or run.
 *
 * @param saved bytes that the forward graph keeps for the backward graph, besides inputs
 * @param forward what is in the workspace of the forward graph, what is saved included
 * @param backward likewise of the backward graph, with the gradients
 */
public record TrainingPlan(long saved, PeakReport forward, PeakReport backward) {
    private static final double MIB = 1 << 20;

    public static TracedFunction trace(GptShape shape) {
        Gpt gpt = new Gpt(new Gpt.Settings(shape.vocabulary(), shape.layers(), shape.width(), shape.heads(),
            shape.sequence(), 0), new Generator(1));
        Tensor tokens = Tensor.of(new long[shape.tokens()], shape.batch(), shape.sequence());
        return FunctionTracer.trace("loss", in -> List.of(gpt.loss(in.get(0), in.get(1))), List.of(tokens, tokens))
            .function();
    }

    public static TrainingPlan of(TracedFunction function, PartitionOptions options) {
        FunctionSplit split = AutogradPhase.split(function, new MinCutPartitioner(options));
        Schedule forward = schedule(split.forward());
        Schedule backward = schedule(split.backward().orElseThrow());
        long saved = forward.placement().kept().stream().mapToLong(n -> forward.program().buffer(n).bytes().asLong()).sum();
        return new TrainingPlan(saved, PeakReport.of(forward), PeakReport.of(backward));
    }

    private static Schedule schedule(GraphSplit split) {
        return CodegenPhase.schedule(PostGradPhase.run(split, CompileOptions.defaults(), new Decisions()));
    }

    /** Bytes of the block that both graphs work in. */
    public long block() {
        return Math.max(forward.planned(), backward.planned());
    }

    /** The most that is alive at once, gradients not counted. */
    public long withoutGradients() {
        long most = forward.most();
        for (int g = 0; g < backward.groups().size(); g++) {
            long alive = backward.during(g).stream().filter(r -> r.last() < backward.groups().size())
                .mapToLong(PeakReport.Row::bytes).sum();
            most = Math.max(most, alive);
        }
        return most;
    }

    /**
     * Prints the plan for memory budgets; with {@code --peak} what is alive at the peaks of the first.
     *
     * @param arguments budgets, else a usual few
     */
    public static void main(String[] arguments) {
        TracedFunction function = trace(GptShape.SMALL);
        List<String> given = List.of(arguments).stream().filter(a -> !a.startsWith("-")).toList();
        System.out.printf("%8s %8s %8s %8s %8s %8s %8s   MiB%n", "budget", "saved", "forward", "(alive)", "backward",
            "(alive)", "block");
        for (String budget : given.isEmpty() ? List.of("1", "0.9", "0.75", "0.5", "0.25", "0") : given) {
            TrainingPlan plan = of(function,
                PartitionOptions.defaults().withActivationMemoryBudget(Double.parseDouble(budget)));
            System.out.printf(Locale.ROOT, "%8s %8.1f %8.1f %8.1f %8.1f %8.1f %8.1f%n", budget, plan.saved / MIB,
                plan.forward.planned() / MIB, plan.forward.most() / MIB, plan.backward.planned() / MIB,
                plan.backward.most() / MIB, plan.block() / MIB);
            if (List.of(arguments).contains("--peak")) {
                System.out.println("forward: " + plan.forward + "\nbackward: " + plan.backward);
            }
        }
    }
}
