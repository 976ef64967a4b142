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

/** Nodes in the style of PyTorch 2.8 to 2.11 exports. */
class NodeTest {
    private static final String NAMED = "[{'as_sym_int':{'as_name':'%s'}}]";

    @TempDir
    private static Path folder;

    private static Graph load(TinyProgram program) {
        return Pt2Files.load(folder, program);
    }

    private static ConstantValue counting(Long... sizes) {
        ConstantValue value = ConstantValue.allocate(dev.kiln.ops.DType.F32, List.of(sizes));
        for (long i = 0; i < value.numel(); i++) {
            value.set(i, (double) i);
        }
        return value;
    }

    /** {@code x.view(x.size(0), x.size(1) // 2, 2)}. */
    @Test
    void computesSizesDuringImport() {
        TinyProgram program = new TinyProgram().input("x", "s0", "2*s1").input("y", "s1")
            .call("torch.ops.aten.sym_size.int", NAMED.formatted("sym_size_int"), "self", "%x", "dim", "{'as_int':0}")
            .call("torch.ops.aten.sym_size.int", NAMED.formatted("sym_size_int_1"), "self", "%x", "dim",
                "{'as_int':-1}")
            .call("_operator.floordiv", NAMED.formatted("floordiv"), "",
                "{'as_sym_int':{'as_name':'sym_size_int_1'}}", "",
                "{'as_sym_int':{'as_int':2}}")
            .node("view.default", "view", "self", "%x", "size",
                "{'as_sym_ints':[{'as_name':'sym_size_int'},{'as_name':'floordiv'},{'as_int':2}]}")
            .value(7, "view", "s0", "s1", 2)
            .node("add.Tensor", "out", "self", "%view", "other", "{'as_sym_int':{'as_name':'floordiv'}}").output("out");
        Graph graph = load(program);
        assertThat(graph.tensor(graph.outputs().getFirst().value())).hasToString("f32[s0, s1, 2]");
        assertThat(graph.shapes().guards()).isEmpty();
        assertThat(Pt2Files.run(graph, "out", Map.of("x", counting(1L, 6L), "y", counting(3L))))
            .containsExactly(3.0, 4.0, 5.0, 6.0, 7.0, 8.0);
    }

    @Test
    void computesSymbolicFloatsAndConditions() {
        String half = "[{'as_sym_float':{'as_name':'truediv'}}]";
        String ge = "[{'as_sym_bool':{'as_name':'ge'}}]";
        TinyProgram program = new TinyProgram().input("x", "s0")
            .call("torch.ops.aten.sym_size.int", NAMED.formatted("n"), "self", "%x", "dim", "{'as_int':0}")
            .call("_operator.truediv", half, "", "{'as_sym_int':{'as_name':'n'}}", "", "{'as_int':2}")
            .call("math.ceil", NAMED.formatted("m"), "", "{'as_sym_float':{'as_name':'truediv'}}")
            .call("_operator.ge", ge, "", "{'as_sym_int':{'as_name':'n'}}", "", "{'as_int':3}")
            .node("_assert_scalar.default", "", "self", "{'as_sym_bool':{'as_name':'ge'}}", "assert_msg",
                "{'as_string':'too short'}")
            .call("torch.sym_max", NAMED.formatted("max"), "", "{'as_sym_int':{'as_name':'m'}}", "", "{'as_int':1}")
            .node("slice.Tensor", "out", "self", "%x", "dim", "{'as_int':0}", "start", "{'as_int':0}", "end",
                "{'as_sym_int':{'as_name':'max'}}").output("out");
        Graph graph = load(program);
        assertThat(Pt2Files.run(graph, "out", Map.of("x", counting(5L)))).containsExactly(0.0, 1.0, 2.0);
        assertThatThrownBy(() -> Pt2Files.run(graph, "out", Map.of("x", counting(2L))))
            .isInstanceOf(KilnException.BadInput.class).hasMessageContaining("3 <= s0");
    }

    @Test
    void bindsSeveralResults() {
        TinyProgram program = new TinyProgram().input("x", 2, 5)
            .call("torch.ops.aten.split_with_sizes.default", "[{'as_tensors':[{'name':'a'},{'name':'b'}]}]",
                "self", "%x", "split_sizes", "{'as_ints':[2,3]}", "dim", "{'as_int':1}")
            .call("torch.ops.aten.native_layer_norm.default",
                "[{'as_tensor':{'name':'norm'}},{'as_tensor':{'name':'mean'}},{'as_tensor':{'name':'norm_unused_2'}}]",
                "input", "%b", "normalized_shape", "{'as_ints':[3]}", "weight", "{'as_none':true}", "bias",
                "{'as_none':true}", "eps", "{'as_float':0.0}")
            .output("a").output("mean");
        Graph graph = load(program);
        Map<String, ConstantValue> inputs = Map.of("x", counting(2L, 5L));
        assertThat(Pt2Files.run(graph, "a", inputs)).containsExactly(0.0, 1.0, 5.0, 6.0);
        assertThat(Pt2Files.run(graph, "mean", inputs)).containsExactly(3.0, 8.0);
    }

    /** Defaults come from the schema: beta and alpha of addmm, the missing mask and scale of attention. */
    @Test
    void fillsInDefaultArguments() {
        TinyProgram program = new TinyProgram().input("q", 1, 1, 2, 2)
            .node("scaled_dot_product_attention.default", "out", "query", "%q", "key", "%q", "value", "%q",
                "is_causal", "{'as_bool':true}").value(7, "out", 1, 1, 2, 2).output("out");
        List<Double> out = Pt2Files.run(load(program), "out", Map.of("q", counting(1L, 1L, 2L, 2L)));
        assertThat(out.subList(0, 2)).containsExactly(0.0, 1.0);
        assertThat(out.get(2)).isBetween(1.9, 2.0);
    }

    @Test
    void readsTypesListsAndHugeIntegers() {
        TinyProgram program = new TinyProgram().input("x", 3)
            .node("_to_copy.default", "copy", "self", "%x", "dtype", "{'as_scalar_type':8}", "device",
                "{'as_device':{'type':'cpu','index':null}}", "layout", "{'as_layout':7}").value(8, "copy", 3)
            .node("slice.Tensor", "slice", "self", "%copy", "dim", "{'as_int':0}", "start", "{'as_int':1}", "end",
                "{'as_int':9223372036854775807}")
            .node("clamp.default", "out", "self", "%slice", "min", "{'as_none':true}", "max", "{'as_float':'Infinity'}")
            .output("out");
        assertThat(Pt2Files.run(load(program), "out", Map.of("x", counting(3L)))).containsExactly(1.0, 2.0);
    }

    @Test
    void readsOptionalTensors() {
        TinyProgram program = new TinyProgram().input("x", 2, 2).input(5, "i", 1)
            .node("index.Tensor", "out", "self", "%x", "indices",
                "{'as_optional_tensors':[{'as_none':true},{'as_tensor':{'name':'i'}}]}").value(7, "out", 2, 1)
                    .output("out");
        assertThat(Pt2Files.run(load(program), "out", Map.of("x", counting(2L, 2L), "i",
            ConstantValue.longs(List.of(1L), 1)))).containsExactly(1.0, 3.0);
    }

    @Test
    void makesInPlaceOperatorsFunctional() {
        TinyProgram program = new TinyProgram().storage("s", 1).buffer("count", true, "s", 1).input("x", 2)
            .node("mul.Tensor", "mul", "self", "%x", "other", "{'as_int':-1}")
            .node("relu_.default", "relu_", "self", "%mul")
            .node("add_.Tensor", "add_", "self", "%b_count", "other", "{'as_int':1}")
            .node("add.Tensor", "out", "self", "%mul", "other", "%b_count").output("out");
        Graph graph = load(program);
        Map<String, ConstantValue> inputs = Map.of("x", Pt2Files.tensor(List.of(2L), -3, 4));
        assertThat(Pt2Files.run(graph, "out", inputs)).containsExactly(5.0, 2.0);
        assertThat(graph.outputs()).extracting("name").containsExactly("out", "b_count");
        assertThat(Pt2Files.run(graph, "b_count", inputs)).containsExactly(2.0);
    }

    /** Whether the copy of a tensor in unknown order shares memory cannot be told, so it must not be read. */
    @Test
    void refusesToReadWhatMayHaveBeenChanged() {
        TinyProgram program = new TinyProgram().input("x", 2, 2).node("neg.default", "neg", "self", "%x")
            .node("reshape.default", "view", "self", "%neg", "shape", "{'as_ints':[4]}")
            .node("relu_.default", "relu_", "self", "%neg").node("exp.default", "out", "self", "%view").output("out");
        assertThatThrownBy(() -> load(program)).isInstanceOf(KilnException.Unsupported.class)
            .hasMessageContaining("node 'out' (aten.exp.default): it reads 'view', whose memory was changed in place");
    }

    @Test
    void runsGraphsWithoutGradientsInTheirPlace() {
        String body = "{'as_graph':{'name':'submod_1','graph':{'inputs':[{'as_tensor':{'name':'a'}}],"
            + "'outputs':[{'as_tensor':{'name':'exp'}}],'nodes':[{'target':'torch.ops.aten.neg.default','inputs':"
            + "[{'name':'self','arg':{'as_tensor':{'name':'a'}},'kind':1}],'outputs':[{'as_tensor':{'name':'exp'}}],"
            + "'metadata':{}}],'tensor_values':{},'sym_int_values':{},'sym_bool_values':{}}}}";
        TinyProgram program = new TinyProgram().input("x", 2)
            .call("torch.ops.higher_order.wrap_with_set_grad_enabled", "[{'as_tensors':[{'name':'getitem'}]}]",
                "", "{'as_bool':false}", "", body, "", "%x")
            .output("getitem");
        assertThat(Pt2Files.run(load(program), "getitem", Map.of("x", counting(2L)))).containsExactly(-0.0, -1.0);
    }
}
