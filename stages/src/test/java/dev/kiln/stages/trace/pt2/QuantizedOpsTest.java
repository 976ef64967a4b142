package dev.kiln.stages.trace.pt2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.interpreter.Interpreter;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.pass.Decisions;
import dev.kiln.stages.pass.PassContext;
import dev.kiln.stages.postgrad.PostGradPasses;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Quantisation as PT2E exports it: per tensor and per channel, fixed and from the data, and the products in between. */
class QuantizedOpsTest {
    private static final String FAMILY = "torch.ops.quantized_decomposed.";
    private static final int U8 = 1;
    private static final int I8 = 2;

    @TempDir
    private static Path folder;

    private static String one(String name) {
        return "[{'as_tensor':{'name':'" + name + "'}}]";
    }

    private static String[] limits(int low, int high, int dtype, String... before) {
        List<String> arguments = new ArrayList<>(List.of(before));
        arguments.addAll(List.of("quant_min", "{'as_int':" + low + "}", "quant_max", "{'as_int':" + high + "}", "dtype",
            "{'as_scalar_type':" + dtype + "}"));
        return arguments.toArray(String[]::new);
    }

    /** x [2, 2] to u8 with scale 0.5 and zero point 10, and back. */
    private static TinyProgram roundTrip() {
        String[] parameters = {"scale", "{'as_float':0.5}", "zero_point", "{'as_int':10}"};
        return new TinyProgram().input("x", 2, 2)
            .call(FAMILY + "quantize_per_tensor.default", one("q"), limits(0, 255, U8, "input", "%x", parameters[0],
                parameters[1], parameters[2], parameters[3])).value(U8, "q", 2, 2)
            .call(FAMILY + "dequantize_per_tensor.default", one("r"), limits(0, 255, U8, "input", "%q", parameters[0],
                parameters[1], parameters[2], parameters[3])).value(7, "r", 2, 2);
    }

    @Test
    void roundsToEvenAndSaturates() {
        Graph graph = Pt2Files.load(folder, roundTrip().output("r"));
        assertThat(Pt2Files.run(graph, "r", Map.of("x", Pt2Files.tensor(List.of(2L, 2L), 0.25f, 0.75f, -100, 1000))))
            .containsExactly(0.0, 1.0, -5.0, 122.5);
    }

    /** The weight [3, 2] with a scale for each output, kept in f32 or not by the exporter. */
    private static TinyProgram linear() {
        return roundTrip().storage("w", 1, -2, 0.5f, 0.25f, 30, -31).storage("s", 0.015625f, 0.0078125f, 0.25f)
            .storage("z", 0, 0, 0).storage("b", 1, 2, 3).parameter("w", "w", 3, 2).parameter("s", "s", 3)
            .parameter("z", "z", 3).parameter("b", "b", 3)
            .call(FAMILY + "quantize_per_channel.default", one("wq"), limits(-127, 127, I8, "input", "%p_w", "scales",
                "%p_s", "zero_points", "%p_z", "axis", "{'as_int':0}")).value(I8, "wq", 3, 2)
            .call(FAMILY + "dequantize_per_channel.default", one("wr"), limits(-127, 127, I8, "input", "%wq", "scales",
                "%p_s", "zero_points", "%p_z", "axis", "{'as_int':0}")).value(7, "wr", 3, 2)
            .node("linear.default", "y", "input", "%r", "weight", "%wr", "bias", "%p_b").value(7, "y", 2, 3);
    }

    @Test
    void linearsMultiplyBytes() {
        Graph graph = Pt2Files.load(folder, linear().output("y"));
        Map<String, ConstantValue> inputs = Map.of("x", Pt2Files.tensor(List.of(2L, 2L), 1, 2, -3, 0.5f));
        List<Double> expected = Pt2Files.run(graph, "y", inputs);
        assertThat(expected).usingComparatorForType((a, b) -> Math.abs(a - b) < 0.05 ? 0 : Double.compare(a, b), Double.class)
            .containsExactly(1.0 - 4 + 1, 2 + 0.5 + 0.5, 3.0 + 30 - 62, 1.0 - 3 - 1, 2 - 1.5 + 0.125, 3 - 90 - 15.5);

        Graph fused = PostGradPasses.run(graph, new PassContext(CompileOptions.defaults(), new Decisions()));

        assertThat(fused.toString()).contains("aten._int_mm.default").contains("i8[2, 3]").doesNotContain("f32[3, 2]")
            .doesNotContain("aten.mm.default").doesNotContain("aten.linear");
        ConstantValue actual = Interpreter.run(fused, inputs).get("y");
        for (int i = 0; i < 6; i++) {
            assertThat(actual.doubleAt(i)).isCloseTo(expected.get(i), within(1e-5));
        }
    }

    /** The range is [-1, 4]: 255 steps of 5 / 255, the 52nd of them at 0. */
    @Test
    void choosesParametersFromTheData() {
        TinyProgram program = new TinyProgram().input("x", 2, 2).call(FAMILY + "choose_qparams.tensor",
            "[{'as_tensor':{'name':'s'}},{'as_tensor':{'name':'z'}}]", "input", "%x", "quant_min", "{'as_int':-128}",
            "quant_max", "{'as_int':127}", "eps", "{'as_float':1e-7}", "dtype", "{'as_scalar_type':2}")
            .value(8, "s", 1).value(5, "z", 1).call(FAMILY + "quantize_per_tensor.tensor", one("q"),
                limits(-128, 127, I8, "input", "%x", "scale", "%s", "zero_point", "%z")).value(I8, "q", 2, 2)
            .output("s").output("z").output("q");
        Graph graph = Pt2Files.load(folder, program);
        Map<String, ConstantValue> inputs = Map.of("x", Pt2Files.tensor(List.of(2L, 2L), -1, 4, 0, 1));
        assertThat(Pt2Files.run(graph, "s", inputs).getFirst()).isCloseTo(5 / 255.0, within(1e-8));
        assertThat(Pt2Files.run(graph, "z", inputs)).containsExactly(-77.0);
        assertThat(Pt2Files.run(graph, "q", inputs)).containsExactly(-128.0, 127.0, -77.0, -26.0);
    }

    @Test
    void readsWeightsOfFourBitsOnlyWhereTheirLayoutIsKnown() {
        TinyProgram program = new TinyProgram().input("x", 1, 32).input(U8, "w", 2, 16).input("s", 1, 2, 2)
            .node("_weight_int4pack_mm_for_cpu.default", "y", "self", "%x", "mat2", "%w", "qGroupSize",
                "{'as_int':32}", "qScaleAndZeros", "%s").value(7, "y", 1, 2).output("y");
        assertThatThrownBy(() -> Pt2Files.load(folder, program)).isInstanceOf(KilnException.Unsupported.class)
            .hasMessageContaining("packed for the CPU that packed it").hasMessageContaining("--precision int4-woq");

        TinyProgram packed = new TinyProgram().input("x", 1, 32).input(4, "w", 2, 32).input("s", 1, 2, 2)
            .node("_convert_weight_to_int4pack_for_cpu.default", "p", "self", "%w", "innerKTiles", "{'as_int':2}")
            .value(U8, "p", 2, 16)
            .node("_weight_int4pack_mm_for_cpu.default", "y", "self", "%x", "mat2", "%p", "qGroupSize",
                "{'as_int':32}", "qScaleAndZeros", "%s").value(7, "y", 1, 2).output("y");
        float[] x = new float[32];
        float[] w = new float[64];
        double[] expected = new double[2];
        for (int k = 0; k < 32; k++) {
            x[k] = k - 10;
            for (int n = 0; n < 2; n++) {
                w[n * 32 + k] = (3 * k + 5 * n) % 16;
                expected[n] += x[k] * ((w[n * 32 + k] - 8) * (n + 1) + 0.5);
            }
        }
        ConstantValue weight = ConstantValue.allocate(DType.I32, List.of(2L, 32L));
        for (int i = 0; i < 64; i++) {
            weight.set(i, (double) w[i]);
        }
        assertThat(Pt2Files.run(Pt2Files.load(folder, packed), "y", Map.of("x", Pt2Files.tensor(List.of(1L, 32L), x), "w", weight,
            "s", Pt2Files.tensor(List.of(1L, 2L, 2L), 1, 0.5f, 2, 0.5f)))).containsExactly(expected[0], expected[1]);
    }
}
