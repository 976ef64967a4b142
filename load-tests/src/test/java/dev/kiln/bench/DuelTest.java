package dev.kiln.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.KilnException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DuelTest {
    private static final Map<String, long[]> SHAPES = Map.of("x", new long[] {3, 5}, "y", new long[] {3, 5});

    @TempDir
    private Path folder;

    @Test
    void timesBothEnginesOnTheSameInputsAndComparesTheirOutputs() throws IOException {
        Duel.Plan plan = plan(SHAPES, List.of("kiln", "onnxruntime"));
        Duel.Result result = new Duel(plan, folder).run();

        assertThat(result.maxAbsError().orElseThrow()).isBetween(0.0, 1e-5);
        assertThat(result.latencies()).containsOnlyKeys("kiln", "onnxruntime");
        assertThat(result.latencies().values()).allSatisfy(times -> {
            assertThat(times.count()).isEqualTo(plan.runs());
            assertThat(times.minMillis()).isPositive().isLessThanOrEqualTo(times.medianMillis());
        });
        Map<String, Object> json = Json.read(Json.write(BenchReport.json(plan, result)));
        assertThat(json).containsKeys("kiln_ms", "peer_ms", "ratio", "max_abs_err");
        assertThat(Json.number(json, "ratio"))
                .isEqualTo(Json.number(json, "peer_ms") / Json.number(json, "kiln_ms"));
        assertThat(BenchReport.text(plan, result)).contains("tiny.onnx", "onnxruntime (1.", "median",
                "x=3x5");
    }

    @Test
    void bothEnginesRefuseAShapeThatTheModelDoesNotTake() throws IOException {
        Map<String, long[]> wrong = Map.of("x", new long[] {3}, "y", new long[] {3});
        for (String engine : Engine.NAMES) {
            Duel.Plan plan = plan(wrong, List.of(engine));
            assertThatThrownBy(() -> new Duel(plan, folder).run())
                    .isInstanceOf(KilnException.BadInput.class).hasMessageContaining("--shape x is [3]");
        }
    }

    @Test
    void saysWhichShapesAreMissingOrUnknown() throws IOException {
        Duel.Plan missing = plan(Map.of("x", new long[] {3, 5}), List.of("kiln"));
        assertThatThrownBy(() -> new Duel(missing, folder).run())
                .isInstanceOf(KilnException.BadInput.class).hasMessageContaining("input 'y'");
        Duel.Plan unknown = plan(Map.of("q", new long[] {3, 5}), List.of("kiln"));
        assertThatThrownBy(() -> new Duel(unknown, folder).run())
                .isInstanceOf(KilnException.BadInput.class).hasMessageContaining("'q'");
    }

    @Test
    void largestDifferenceCoversAllOutputsAndSeesNaN() {
        Map<String, Tensor> left = outputs(1, 2);
        assertThat(Duel.maxAbsError(left, outputs(1, 2))).isZero();
        assertThat(Duel.maxAbsError(left, outputs(1, 2.5f))).isEqualTo(0.5);
        assertThat(Duel.maxAbsError(left, outputs(Float.NaN, 2))).isInfinite();
        assertThat(Duel.maxAbsError(outputs(Float.NaN, 2), outputs(Float.NaN, 2))).isZero();
        assertThatThrownBy(() -> Duel.maxAbsError(left, Map.of())).hasMessageContaining("differ in name");
    }

    private static Map<String, Tensor> outputs(float first, float second) {
        return Map.of("a", Tensor.ofFloats(new float[] {first}, 1),
                "b", Tensor.ofFloats(new float[] {second}, 1));
    }

    @Test
    void timesKilnAloneWithOptionsThatItPassesOn() throws IOException {
        List<String> fixed = List.of("--static", "--hint", "x=3x5", "--hint", "y=3x5");
        Duel.Plan plan = plan(SHAPES, List.of("kiln"), fixed);
        Duel.Result result = new Duel(plan, folder).run();
        assertThat(result.latencies().get("kiln").count()).isPositive();
        assertThat(result.maxAbsError()).isEmpty();
        assertThat(BenchReport.json(plan, result)).containsKey("kiln_ms").doesNotContainKey("ratio");
        Map<String, long[]> other = Map.of("x", new long[] {4, 5}, "y", new long[] {4, 5});
        Duel.Plan refused = plan(other, List.of("kiln"), fixed);
        assertThatThrownBy(() -> new Duel(refused, folder).run())
                .isInstanceOf(KilnException.BadInput.class).hasMessageContaining("x");
    }

    private Duel.Plan plan(Map<String, long[]> shapes, List<String> engines) throws IOException {
        return plan(shapes, engines, List.of());
    }

    private Duel.Plan plan(Map<String, long[]> shapes, List<String> engines, List<String> options)
            throws IOException {
        return new Duel.Plan(TinyModel.write(folder), shapes, engines, 1, 3, 11, 2, 7, options);
    }
}
