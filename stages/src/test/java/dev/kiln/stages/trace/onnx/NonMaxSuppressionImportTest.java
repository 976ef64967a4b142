package dev.kiln.stages.trace.onnx;

import static dev.kiln.stages.trace.onnx.TinyModel.dims;
import static dev.kiln.stages.trace.onnx.TinyModel.doubles;
import static dev.kiln.stages.trace.onnx.TinyModel.floats;
import static dev.kiln.stages.trace.onnx.TinyModel.vector;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.kernels.cpu.Isa;
import dev.kiln.ops.DType;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.interpreter.Interpreter;
import dev.kiln.stages.codegen.GraphBatch;
import dev.kiln.stages.codegen.GraphRunner;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Any number of boxes, open sizes, in the interpreter and compiled, against picking by the definition. */
class NonMaxSuppressionImportTest {
    private static final int BATCHES = 2;
    private static final int CLASSES = 3;
    private static final float LIMIT = 0.4f;
    private static final float LEAST = 0.3f;

    private final Random random = new Random(5);

    private ConstantValue uniform(long... sizes) {
        long count = java.util.Arrays.stream(sizes).reduce(1, (a, b) -> a * b);
        return floats(sizes, IntStream.range(0, (int) count).mapToDouble(i -> random.nextFloat()).toArray());
    }

    @ParameterizedTest
    @CsvSource({"150, 9223372036854775807", "150, 4", "1, 9"})
    void picksAsTheDefinitionSays(int count, long most) {
        Graph graph = new TinyModel(11).input("boxes", DType.F32, "batch", "box", 4)
            .input("scores", DType.F32, "batch", CLASSES, "box").initializer("most", vector(most))
            .initializer("limit", floats(dims(1), LIMIT)).initializer("least", floats(dims(1), LEAST))
            .node("NonMaxSuppression", "boxes scores most limit least", "y").output("y").imported();
        ConstantValue boxes = uniform(BATCHES, count, 4);
        ConstantValue scores = uniform(BATCHES, CLASSES, count);
        Map<String, ConstantValue> inputs = Map.of("boxes", boxes, "scores", scores);
        double[] expected = picked(boxes, scores, count, most);
        assertThat(doubles(Interpreter.run(graph, inputs).get("y"))).containsExactly(expected);
        assertThat(doubles(new GraphRunner(Isa.AVX2, GraphBatch.Effort.FAST).prepare(List.of(
            new GraphRunner.Program(graph, inputs))).getFirst().get().get("y"))).containsExactly(expected);
    }

    private static double[] picked(ConstantValue boxes, ConstantValue scores, int count, long most) {
        List<Integer> rows = new ArrayList<>();
        for (int line = 0; line < BATCHES * CLASSES; line++) {
            int first = line * count;
            int batch = line / CLASSES;
            List<Integer> picks = new ArrayList<>();
            IntStream.range(0, count).filter(i -> scores.doubleAt(first + i) > LEAST).boxed()
                .sorted(Comparator.comparingDouble(i -> -scores.doubleAt(first + i))).forEach(i -> {
                    boolean free = picks.stream().noneMatch(p -> share(boxes, batch * count + p, batch * count + i) > LIMIT);
                    if (free && picks.size() < most) {
                        picks.add(i);
                    }
                });
            for (int pick : picks) {
                rows.addAll(List.of(batch, line % CLASSES, pick));
            }
        }
        return rows.stream().mapToDouble(i -> i).toArray();
    }

    private static float[] interval(ConstantValue boxes, int box, int axis) {
        float a = (float) boxes.doubleAt(box * 4L + axis);
        float b = (float) boxes.doubleAt(box * 4L + axis + 2);
        return new float[] {Math.min(a, b), Math.max(a, b)};
    }

    private static float share(ConstantValue boxes, int i, int j) {
        float both = 1;
        float[] area = {1, 1};
        for (int axis = 0; axis < 2; axis++) {
            float[] a = interval(boxes, i, axis);
            float[] b = interval(boxes, j, axis);
            both *= Math.max(0, Math.min(a[1], b[1]) - Math.max(a[0], b[0]));
            area[0] *= a[1] - a[0];
            area[1] *= b[1] - b[0];
        }
        return both / (area[0] + area[1] - both);
    }
}
