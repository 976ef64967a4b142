package dev.kiln.stages.trace.pt2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.kernels.cpu.Isa;
import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import dev.kiln.stages.codegen.GraphBatch;
import dev.kiln.stages.codegen.GraphRunner;
import dev.kiln.stages.trace.TraceOptions;
import dev.kiln.stages.trace.pt2.archive.ZipWriter.Style;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sizes that come from data, from integers among the inputs, and that are only known as expressions. */
class DataSizesTest {
    private static final String NAMED = "[{'as_sym_int':{'as_name':'%s'}}]";
    private static final String FLAG = "[{'as_sym_bool':{'as_name':'%s'}}]";

    @TempDir
    private static Path folder;

    private static TinyProgram integer(TinyProgram program, String name, String expression) {
        program.graph().withObject("sym_int_values").putObject(name).putObject("as_expr").put("expr_str", expression)
            .putNull("hint");
        return program;
    }

    private static void assertGives(Graph graph, Map<String, ConstantValue> inputs, Double... expected) {
        assertThat(Pt2Files.run(graph, "out", inputs)).containsExactly(expected);
        ConstantValue compiled = new GraphRunner(Isa.AVX2, GraphBatch.Effort.FAST)
            .prepare(List.of(new GraphRunner.Program(graph, inputs))).getFirst().get().get("out");
        for (int i = 0; i < expected.length; i++) {
            assertThat(compiled.doubleAt(i)).isEqualTo(expected[i]);
        }
    }

    /** {@code i = x.nonzero(); torch.zeros(i.size(0)) + y[:, None]}: u0 is declared as a size of the indices. */
    @Test
    void knowsSizesThatOperatorsGive() {
        TinyProgram program = new TinyProgram().input("x", "s0").input("y", 2)
            .node("nonzero.default", "i", "self", "%x").value(5, "i", "Symbol('u0', integer=True)", 1)
            .call("torch.ops.aten.sym_size.int", NAMED.formatted("n"), "self", "%i", "dim", "{'as_int':0}")
            .node("full.default", "f", "size", "{'as_sym_ints':[{'as_int':2},{'as_name':'n'}]}", "fill_value",
                "{'as_float':3.0}").value(7, "f", 2, "u0")
            .node("unsqueeze.default", "u", "self", "%y", "dim", "{'as_int':1}").value(7, "u", 2, 1)
            .node("add.Tensor", "out", "self", "%f", "other", "%u").value(7, "out", 2, "u0").output("out");
        assertGives(Pt2Files.load(folder, program), Map.of("x", Pt2Files.tensor(List.of(4L), 0, 5, 0, 6), "y",
            Pt2Files.tensor(List.of(2L), 10, 20)), 13.0, 13.0, 23.0, 23.0);
    }

    /** {@code n = length.item(); torch._check(n <= x.size(0)); x[:n] * n}. */
    @Test
    void bindsItemsWithinWhatTheModelChecks() {
        TinyProgram program = integer(new TinyProgram().input("x", "s0").input(5, "length")
            .call("torch.ops.aten._local_scalar_dense.default", NAMED.formatted("n"), "self", "%length"), "n", "u3")
            .range("u3", 0L, null);
        program.call("torch.ops.aten.sym_size.int", NAMED.formatted("size"), "self", "%x", "dim", "{'as_int':0}")
            .call("_operator.ge", FLAG.formatted("ge"), "", "{'as_sym_int':{'as_name':'n'}}", "", "{'as_int':0}")
            .node("_assert_scalar.default", "", "self", "{'as_sym_bool':{'as_name':'ge'}}", "assert_msg",
                "{'as_string':'negative'}")
            .call("_operator.le", FLAG.formatted("le"), "", "{'as_sym_int':{'as_name':'n'}}", "",
                "{'as_sym_int':{'as_name':'size'}}")
            .node("_assert_scalar.default", "", "self", "{'as_sym_bool':{'as_name':'le'}}", "assert_msg",
                "{'as_string':'too long'}")
            .node("full.default", "f", "size", "{'as_sym_ints':[{'as_name':'n'}]}", "fill_value", "{'as_float':2.0}")
            .value(7, "f", "u3")
            .node("slice.Tensor", "v", "self", "%x", "dim", "{'as_int':0}", "start", "{'as_int':0}", "end",
                "{'as_sym_int':{'as_name':'n'}}").value(7, "v", "u3")
            .node("mul.Tensor", "out", "self", "%v", "other", "%f").output("out");
        Graph graph = Pt2Files.load(folder, program);
        ConstantValue x = Pt2Files.tensor(List.of(3L), 1, 2, 3);
        assertGives(graph, Map.of("x", x, "length", ConstantValue.longs(List.of(), 2)), 2.0, 4.0);
        assertThatThrownBy(
            () -> Pt2Files.run(graph, "out", Map.of("x", x, "length", ConstantValue.longs(List.of(), 4))))
            .isInstanceOf(KilnException.BadInput.class);
    }

    /** {@code x * scale.item()}: a float from data stays a tensor and does not widen the result. */
    @Test
    void multipliesByAFloatFromData() {
        TinyProgram program = new TinyProgram().input("x", 2).input(8, "scale")
            .call("torch.ops.aten.item.default", "[{'as_sym_float':{'as_name':'item'}}]", "self", "%scale")
            .node("mul.Tensor", "out", "self", "%x", "other", "{'as_sym_float':{'as_name':'item'}}")
            .value(7, "out", 2).output("out");
        ConstantValue scale = ConstantValue.allocate(DType.F64, List.of());
        scale.set(0, 2.5);
        assertGives(Pt2Files.load(folder, program), Map.of("x", Pt2Files.tensor(List.of(2L), 1, 2), "scale", scale),
            2.5, 5.0);
    }

    /** An integer that callers choose is a tensor of rank 0; literals among the inputs are not passed. */
    @Test
    void takesIntegersAsInputs() {
        TinyProgram program = integer(new TinyProgram().input("x", 4), "n", "s5").range("s5", 2L, 4L);
        program.literal("{'as_sym_int':{'as_name':'n'}}").literal("{'as_int':3}").literal("{'as_none':true}")
            .node("slice.Tensor", "out", "self", "%x", "dim", "{'as_int':0}", "start", "{'as_int':0}", "end",
                "{'as_sym_int':{'as_name':'n'}}").value(7, "out", "s5").output("out");
        Graph graph = Pt2Files.load(folder, program);
        assertThat(graph.placeholders()).extracting("source").containsExactly("x", "n");
        ConstantValue x = Pt2Files.tensor(List.of(4L), 1, 2, 3, 4);
        assertGives(graph, Map.of("x", x, "n", ConstantValue.longs(List.of(), 3)), 1.0, 2.0, 3.0);
        assertThatThrownBy(() -> Pt2Files.run(graph, "out", Map.of("x", x, "n", ConstantValue.longs(List.of(), 5))))
            .isInstanceOf(KilnException.BadInput.class);
    }

    private static TinyProgram pairs() {
        return new TinyProgram().input("x", "Mul(Integer(2), Symbol('s7', integer=True, positive=True))")
            .range("s7", 0L, 100L)
            .node("view.default", "v", "self", "%x", "size", "{'as_ints':[-1,2]}").value(7, "v", "s7", 2)
            .node("sum.dim_IntList", "out", "self", "%v", "dim", "{'as_ints':[1]}").value(7, "out", "s7").output("out");
    }

    @Test
    void solvesSizesThatAreOnlyExpressions() {
        Graph graph = Pt2Files.load(folder, pairs());
        assertThat(graph.placeholders().getFirst().tensor()).hasToString("f32[2*s0]");
        assertGives(graph, Map.of("x", Pt2Files.tensor(List.of(6L), 1, 2, 3, 4, 5, 6)), 3.0, 7.0, 11.0);
        assertThatThrownBy(() -> Pt2Files.run(graph, "out", Map.of("x", Pt2Files.tensor(List.of(3L), 1, 2, 3))))
            .isInstanceOf(KilnException.BadInput.class).hasMessageContaining("must be 2*s0");
    }

    @Test
    void pinsSizesThatAreOnlyExpressions() {
        Path file = Pt2Files.write(folder, Containers.raw(pairs(), Style.PLAIN));
        Graph pinned = Pt2Importer.importModel(file, TraceOptions.NONE.withPin("x", 8));
        assertThat(pinned.placeholders().getFirst().tensor()).hasToString("f32[8]");
        assertThat(Pt2Importer.importModel(file, TraceOptions.NONE.withHint("x", 64)).shapes().symbols())
            .extracting("hint").containsExactly(32L);
        assertThatThrownBy(() -> Pt2Importer.importModel(file, TraceOptions.NONE.withPin("x", 7)))
            .isInstanceOf(KilnException.BadInput.class).hasMessageContaining("does not admit [7]");
    }
}
