package dev.kiln.bench.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.stages.autograd.PartitionOptions;
import dev.kiln.stages.schedule.PeakReport;
import dev.kiln.stages.trace.function.TracedFunction;
import java.util.List;
import org.junit.jupiter.api.Test;

class TrainingPlanTest {
    @Test
    void reportsAddUpToWhatIsPlanned() {
        TrainingPlan plan = TrainingPlan.of(TrainingPlan.trace(GptShape.SMALL), PartitionOptions.defaults());
        for (PeakReport report : List.of(plan.forward(), plan.backward())) {
            assertThat(report.during(report.peak()).stream().mapToLong(PeakReport.Row::bytes).sum()).isEqualTo(report.most());
            assertThat(report.planned()).isBetween(report.most(), report.most() + report.most() / 50);
            assertThat(report.toString()).contains("alive at the peak", report.groups().get(report.peak()));
        }
        assertThat(plan.saved()).isLessThan(plan.forward().most());
    }

    /**
     * What is computed again must not lie about for long: else the peak rises while less is saved. That buffers of other
     * sizes may not fit together as well is another matter.
     */
    @Test
    void smallerBudgetsTakeNoMoreMemory() {
        TracedFunction function = TrainingPlan.trace(GptShape.SMALL);
        TrainingPlan before = TrainingPlan.of(function, PartitionOptions.defaults());
        long most = before.block();
        for (double budget : List.of(0.9, 0.75, 0.5, 0.25, 0.0)) {
            TrainingPlan plan = TrainingPlan.of(function, PartitionOptions.defaults().withActivationMemoryBudget(budget));
            assertThat(plan.saved()).as("saved, budget %s", budget).isLessThan(before.saved());
            assertThat(plan.block()).as("block, budget %s", budget).isLessThanOrEqualTo(most + most / 40);
            assertThat(plan.backward().most()).as("alive, budget %s", budget).isLessThanOrEqualTo(most + most / 50);
            before = plan;
        }
        assertThat(TrainingPlan.of(function, PartitionOptions.defaults().withActivationMemoryBudget(0.25)).block())
            .isLessThan(most * 85 / 100);
    }
}
