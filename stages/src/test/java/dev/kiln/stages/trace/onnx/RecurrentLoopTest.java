package dev.kiln.stages.trace.onnx;

import static dev.kiln.stages.trace.onnx.TinyModel.dims;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.kernels.cpu.Isa;
import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.interpreter.Interpreter;
import dev.kiln.stages.codegen.GraphBatch;
import dev.kiln.stages.codegen.GraphRunner;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Recurrent operators as loops against the same operators unrolled (which a huge clip, that clips nothing, forces), in
 * the interpreter and compiled.
 */
class RecurrentLoopTest {
    private static final long STEPS = 7;
    private static final float NO_CLIP = 1e6f;

    private final Random random = new Random(3);

    private ConstantValue noise(long... sizes) {
        ConstantValue value = ConstantValue.allocate(DType.F32, java.util.Arrays.stream(sizes).boxed().toList());
        for (long i = 0; i < value.numel(); i++) {
            value.set(i, random.nextGaussian() / 2);
        }
        return value;
    }

    /** Sizes that fill neither a block of units nor one of sequences. */
    private TinyModel model(String op, int gates, long batch, int hidden, boolean open, Object... attributes) {
        int directions = List.of(attributes).contains("bidirectional") ? 2 : 1;
        boolean lstm = op.equals("LSTM");
        TinyModel model = new TinyModel(14)
            .input("x", DType.F32, open ? "steps" : (Object) STEPS, open ? "batch" : (Object) batch, 5)
            .input("lengths", DType.I32, open ? "batch" : (Object) batch)
            .input("h", DType.F32, directions, open ? "batch" : (Object) batch, hidden)
            .initializer("w", noise(directions, gates * hidden, 5))
            .initializer("r", noise(directions, gates * hidden, hidden))
            .initializer("b", noise(directions, 2L * gates * hidden));
        return model.node(op, "x w r b lengths h" + (lstm ? " h" : ""), "y yh" + (lstm ? " yc" : ""), attributes)
            .output("y", "yh");
    }

    private Map<String, ConstantValue> inputs(long batch, int hidden, int directions, long steps) {
        double[] lengths = new double[(int) batch];
        for (int b = 0; b < batch; b++) {
            lengths[b] = steps - b % 3;
        }
        Map<String, ConstantValue> inputs = new LinkedHashMap<>();
        inputs.put("x", noise(steps, batch, 5));
        inputs.put("lengths", TinyModel.fill(DType.I32, dims(batch), lengths));
        inputs.put("h", noise(directions, batch, hidden));
        return inputs;
    }

    private static Object[] with(Object[] attributes, Object... more) {
        Object[] all = java.util.Arrays.copyOf(attributes, attributes.length + more.length);
        System.arraycopy(more, 0, all, attributes.length, more.length);
        return all;
    }

    @ParameterizedTest
    @CsvSource({"LSTM,4,forward", "LSTM,4,bidirectional", "GRU,3,reverse", "GRU,3,bidirectional", "RNN,1,forward"})
    void equalsTheStepsOneAfterTheOther(String op, int gates, String direction) {
        int directions = direction.equals("bidirectional") ? 2 : 1;
        for (int after = 0; after < (op.equals("GRU") ? 2 : 1); after++) {
            Object[] attributes = op.equals("GRU") ? new Object[] {"hidden_size", 19, "direction", direction,
                "linear_before_reset", after} : new Object[] {"hidden_size", 19, "direction", direction};
            random.setSeed(1);
            Graph loop = model(op, gates, 5, 19, true, attributes).imported();
            random.setSeed(1);
            Graph unrolled = model(op, gates, 5, 19, false, with(attributes, "clip", NO_CLIP)).imported();
            assertThat(loop.calls()).hasSizeLessThan(40);
            assertThat(unrolled.calls()).hasSizeGreaterThan(40);
            assertSame(loop, unrolled, inputs(5, 19, directions, STEPS));
        }
    }

    private static void assertSame(Graph loop, Graph reference, Map<String, ConstantValue> inputs) {
        Map<String, ConstantValue> expected = Interpreter.run(reference, inputs);
        assertClose(Interpreter.run(loop, inputs), expected);
        assertClose(new GraphRunner(Isa.AVX2, GraphBatch.Effort.FAST).prepare(List.of(
            new GraphRunner.Program(loop, inputs))).getFirst().get(), expected);
    }

    private static void assertClose(Map<String, ConstantValue> actual, Map<String, ConstantValue> expected) {
        assertThat(actual.keySet()).isEqualTo(expected.keySet());
        expected.forEach((name, value) -> {
            assertThat(actual.get(name).sizes()).isEqualTo(value.sizes());
            for (long i = 0; i < value.numel(); i++) {
                assertThat(actual.get(name).doubleAt(i)).as(name + "[" + i + "]")
                    .isCloseTo(value.doubleAt(i), Offset.offset(2e-5));
            }
        });
    }

    /** Far more steps than could be unrolled; the same graph takes a single one too. */
    @Test
    void takesSequencesOfAnyLength() {
        Graph graph = model("LSTM", 4, 1, 16, true, "hidden_size", 16).imported();
        for (long steps : new long[] {1, 3000}) {
            assertSame(graph, graph, inputs(1, 16, 1, steps));
        }
    }

    @Test
    void saysWhatCannotBeLong() {
        assertThatThrownBy(() -> new TinyModel(14).input("x", DType.F32, 600, 1, 5).initializer("w", noise(1, 16, 5))
            .initializer("r", noise(1, 16, 4)).node("LSTM", "x w r", "y", "hidden_size", 4, "clip", 2f).output("y")
            .imported()).isInstanceOf(KilnException.Unsupported.class).hasMessageContaining("600 steps")
            .hasMessageContaining("clip");
    }
}
