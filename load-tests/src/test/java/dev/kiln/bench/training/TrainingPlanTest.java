package dev.kiln.bench.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.stages.autograd.PartitionOptions;
import dev.kiln.stages.schedule.PeakReport;
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
}
