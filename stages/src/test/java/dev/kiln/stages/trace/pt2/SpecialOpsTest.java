package dev.kiln.stages.trace.pt2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Operators that are another one in Kiln, and in-place ones. */
class SpecialOpsTest {
    private static final ConstantValue X = Pt2Files.tensor(List.of(1L, 2L, 2L), 1, 2, 3, 4);

    @TempDir
    private static Path folder;

    private static List<Double> run(TinyProgram program, Map<String, ConstantValue> inputs) {
        return Pt2Files.run(Pt2Files.load(folder, program), "out", inputs);
    }

    private static TinyProgram input() {
        return new TinyProgram().input("x", 1, 2, 2);
    }

    private static List<Double> unary(String target, String... more) {
        String[] args = new String[more.length + 2];
        args[0] = "self";
        args[1] = "%x";
        System.arraycopy(more, 0, args, 2, more.length);
        return run(input().node(target, "out", args).output("out"), Map.of("x", X));
    }

    @Test
    void transposes() {
        assertThat(unary("mT.default")).containsExactly(1.0, 3.0, 2.0, 4.0);
        assertThat(unary("numpy_T.default")).containsExactly(1.0, 3.0, 2.0, 4.0);
    }

    @Test
    void viewsByStrides() {
        assertThat(unary("_reshape_alias.default", "size", "{'as_ints':[4]}", "stride", "{'as_ints':[1]}"))
            .containsExactly(1.0, 2.0, 3.0, 4.0);
        assertThat(unary("as_strided.default", "size", "{'as_ints':[2,2]}", "stride", "{'as_ints':[1,2]}"))
            .containsExactly(1.0, 3.0, 2.0, 4.0);
    }

    @Test
    void convertsAndPads() {
        assertThat(unary("to.device", "device", "{'as_device':{'type':'cpu','index':null}}", "dtype",
            "{'as_scalar_type':5}")).containsExactly(1.0, 2.0, 3.0, 4.0);
        assertThat(unary("pad.default", "pad", "{'as_ints':[1,0]}", "mode", "{'as_string':'constant'}"))
            .containsExactly(0.0, 1.0, 2.0, 0.0, 3.0, 4.0);
    }

    /** A row without any finite score is zeros, not NaN. */
    @Test
    void keepsHiddenRowsOfASafeSoftmaxAtZero() {
        float hidden = Float.NEGATIVE_INFINITY;
        TinyProgram program = new TinyProgram().input("x", 2, 2)
            .node("_safe_softmax.default", "out", "self", "%x", "dim", "{'as_int':-1}").output("out");
        assertThat(run(program, Map.of("x", Pt2Files.tensor(List.of(2L, 2L), hidden, hidden, 1, hidden))))
            .containsExactly(0.0, 0.0, 1.0, 0.0);
    }

    /** {@code (x - 2) / sqrt(4) * 10 + 1}; the unread statistics are left out. */
    @Test
    void normalisesBatchesInInference() {
        TinyProgram program = batchNorm(false).output("out");
        assertThat(run(program, Map.of("x", Pt2Files.tensor(List.of(2L, 1L), 4, 0)))).containsExactly(11.0, -9.0);
        assertThatThrownBy(() -> Pt2Files.load(folder, batchNorm(true).output("out")))
            .isInstanceOf(KilnException.Unsupported.class).hasMessageContaining("or for inference");
    }

    private static TinyProgram batchNorm(boolean training) {
        return new TinyProgram().storage("w", 10).storage("b", 1).storage("m", 2).storage("v", 4)
            .parameter("w", "w", 1).parameter("b", "b", 1).buffer("m", true, "m", 1).buffer("v", true, "v", 1)
            .input("x", 2, 1).call("torch.ops.aten.native_batch_norm.default",
                "[{'as_tensor':{'name':'out'}},{'as_tensor':{'name':'mean'}},{'as_tensor':{'name':'var'}}]",
                "input", "%x", "weight", "%p_w", "bias", "%p_b", "running_mean", "%b_m", "running_var", "%b_v",
                "training", "{'as_bool':" + training + "}", "momentum", "{'as_float':0.1}", "eps", "{'as_float':0.0}");
    }

    @Test
    void attendsByAnyKernel() {
        for (String target : List.of("_scaled_dot_product_flash_attention_for_cpu.default",
                "_scaled_dot_product_flash_attention.default", "_scaled_dot_product_efficient_attention.default")) {
            TinyProgram program = new TinyProgram().input("q", 1, 1, 2, 2).call("torch.ops.aten." + target,
                "[{'as_tensor':{'name':'out'}},{'as_tensor':{'name':'logsumexp'}}]", "query", "%q", "key", "%q",
                "value", "%q", "dropout_p", "{'as_float':0.0}", "is_causal", "{'as_bool':true}", "scale",
                "{'as_float':0.0}").output("out");
            ConstantValue q = Pt2Files.tensor(List.of(1L, 1L, 2L, 2L), 1, 2, 3, 4);
            assertThat(run(program, Map.of("q", q))).as(target).containsExactly(1.0, 2.0, 2.0, 3.0);
        }
    }

    @Test
    void takesNumbersAsTensors() {
        assertThat(unary("add.Tensor", "other", "{'as_int':1}")).containsExactly(2.0, 3.0, 4.0, 5.0);
        assertThat(unary("maximum.default", "other", "{'as_float':2.5}")).containsExactly(2.5, 2.5, 3.0, 4.0);
        assertThat(unary("div.Tensor", "other", "{'as_sym_float':{'as_float':2.0}}")).containsExactly(0.5, 1.0, 1.5,
            2.0);
    }

    /** A number of another category decides the type, a number of the same does not. */
    @Test
    void promotesNumbersAsPyTorch() {
        TinyProgram program = new TinyProgram().input(6, "h", 1).input(5, "i", 1)
            .node("maximum.default", "half", "self", "%h", "other", "{'as_float':0.1}").value(6, "half", 1)
            .node("maximum.default", "real", "self", "%i", "other", "{'as_float':0.1}").value(7, "real", 1)
            .node("add.Tensor", "half_1", "self", "%h", "other", "{'as_int':1}").value(6, "half_1", 1)
            .node("mul.Tensor", "real_1", "self", "%i", "other", "{'as_float':0.5}").value(7, "real_1", 1)
            .output("half").output("real").output("half_1").output("real_1");
        assertThat(Pt2Files.load(folder, program).outputs()).hasSize(4);
    }

    @Test
    void overwritesInPlace() {
        TinyProgram program = input().node("clone.default", "c", "self", "%x")
            .node("fill_.Scalar", "fill_", "self", "%c", "value", "{'as_float':7.0}")
            .node("copy_.default", "copy_", "self", "%c", "src", "{'as_tensor':{'name':'x'}}")
            .node("add_.Tensor", "add_", "self", "%copy_", "other", "%fill_").node("neg.default", "out", "self", "%c")
            .output("out");
        assertThat(run(program, Map.of("x", X))).containsExactly(-2.0, -4.0, -6.0, -8.0);
    }

    /** An input that is changed is given back. */
    @Test
    void givesBackAChangedInput() {
        TinyProgram program = input().node("mul_.Tensor", "mul_", "self", "%x", "other", "{'as_int':2}")
            .node("neg.default", "out", "self", "%x").output("out");
        Graph graph = Pt2Files.load(folder, program);
        assertThat(graph.outputs()).extracting("name").containsExactly("out", "x");
        assertThat(Pt2Files.run(graph, "x", Map.of("x", X))).containsExactly(2.0, 4.0, 6.0, 8.0);
    }

    @Test
    void refusesDropoutThatDrops() {
        assertThatThrownBy(() -> run(input().node("feature_dropout.default", "out", "input", "%x", "p",
            "{'as_float':0.5}", "train",
                "{'as_bool':true}").output("out"), Map.of("x", X)))
            .isInstanceOf(KilnException.class);
    }
}
