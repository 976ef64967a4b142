package dev.kiln.stages.trace.pt2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import dev.kiln.stages.codegen.GraphBatch.Effort;
import dev.kiln.stages.codegen.GraphRunner;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Numbers that a model reads from tensors, as sizes and in arithmetic. */
class FloatScalarsTest {
    private static final int FLOAT = 7;
    private static final int LONG = 5;

    @TempDir
    private static Path folder;

    /** {@code n = x.item(); arange(n) * 2 + n} with n from 2 to 10. */
    private static TinyProgram sized() {
        TinyProgram program = new TinyProgram().input(LONG, "x", 1)
            .call("torch.ops.aten._local_scalar_dense.default", "[{'as_sym_int':{'as_name':'item'}}]", "self", "%x")
            .call("_operator.ge", "[{'as_sym_bool':{'as_name':'ge'}}]", "", "{'as_sym_int':{'as_name':'item'}}", "",
                "{'as_int':2}")
            .call("torch.ops.aten._assert_scalar.default", "[]", "self", "{'as_sym_bool':{'as_name':'ge'}}",
                "assert_msg", "{'as_string':'too few'}")
            .node("arange.default", "steps", "end", "{'as_sym_int':{'as_name':'item'}}")
            .node("mul.Scalar", "twice", "self", "%steps", "other", "{'as_int':2}")
            .node("add.Scalar", "out", "self", "%twice", "other", "{'as_sym_int':{'as_name':'item'}}")
            .range("u0", 0L, 10L).output("out");
        program.graph().withObject("/sym_int_values").set("item", TinyProgram.json("{'as_expr':{'expr_str':'u0'}}"));
        return program;
    }

    private static ConstantValue compiled(Graph graph, Map<String, ConstantValue> inputs) {
        return new GraphRunner(CpuInfo.detect().bestIsa(), Effort.FAST)
            .prepare(List.of(new GraphRunner.Program(graph, inputs))).getFirst().get().get("out");
    }

    @Test
    void anIntegerBecomesASize() {
        Graph graph = Pt2Files.load(folder, sized());
        Map<String, ConstantValue> inputs = Map.of("x", ConstantValue.longs(List.of(1L), 4));
        assertThat(Pt2Files.run(graph, "out", inputs)).containsExactly(4.0, 6.0, 8.0, 10.0);
        ConstantValue out = compiled(graph, inputs);
        assertThat(out.sizes()).containsExactly(4L);
        assertThat(out.longAt(3)).isEqualTo(10);
    }

    @Test
    void whatTheModelAssertsOfItIsChecked() {
        Graph graph = Pt2Files.load(folder, sized());
        for (long bad : List.of(1L, 11L)) {
            assertThatThrownBy(() -> Pt2Files.run(graph, "out", Map.of("x", ConstantValue.longs(List.of(1L), bad))))
                .isInstanceOf(KilnException.BadInput.class);
        }
    }

    /** {@code s = (y.item() * 3 - 1); clamp(x * s, max=s) ** s}, s from data. */
    @Test
    void aFloatTakesPartInArithmetic() {
        String scale = "{'as_sym_float':{'as_name':'s'}}";
        Graph graph = Pt2Files.load(folder, new TinyProgram().input("x", 3).input(FLOAT, "y")
            .call("torch.ops.aten._local_scalar_dense.default", "[{'as_sym_float':{'as_name':'item'}}]", "self", "%y")
            .call("_operator.mul", "[{'as_sym_float':{'as_name':'m'}}]", "", "{'as_sym_float':{'as_name':'item'}}", "",
                "{'as_int':3}")
            .call("_operator.sub", "[{'as_sym_float':{'as_name':'s'}}]", "", "{'as_sym_float':{'as_name':'m'}}", "",
                "{'as_float':1.0}")
            .node("mul.Tensor", "scaled", "self", "%x", "other", scale)
            .node("clamp.default", "cut", "self", "%scaled", "min", "{'as_none':true}", "max", scale)
            .node("pow.Tensor_Scalar", "out", "self", "%cut", "exponent", scale).output("out"));
        Map<String, ConstantValue> inputs = Map.of("x", Pt2Files.tensor(List.of(3L), 0.5f, 1, 2),
            "y", Pt2Files.tensor(List.of(), 1));
        assertThat(Pt2Files.run(graph, "out", inputs)).containsExactly(1.0, 4.0, 4.0);
        assertThat(compiled(graph, inputs).doubleAt(1)).isEqualTo(4);
    }

    @Test
    void aDecisionOnAFloatIsRefused() {
        TinyProgram program = new TinyProgram().input("x", 3).input(FLOAT, "y")
            .call("torch.ops.aten.item.default", "[{'as_sym_float':{'as_name':'item'}}]", "self", "%y")
            .call("_operator.gt", "[{'as_sym_bool':{'as_name':'gt'}}]", "", "{'as_sym_float':{'as_name':'item'}}", "",
                "{'as_float':1.0}").output("x");
        assertThatThrownBy(() -> Pt2Files.load(folder, program)).isInstanceOf(KilnException.Unsupported.class)
            .hasMessageContaining("floating-point number that comes from the inputs' values");
    }
}
