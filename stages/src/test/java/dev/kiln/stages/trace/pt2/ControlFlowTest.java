package dev.kiln.stages.trace.pt2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Operators with sub-graphs. */
class ControlFlowTest {
    @TempDir
    private static Path folder;

    /** A sub-graph of one unary operator. */
    private static String body(String target) {
        return "{'as_graph':{'name':'g','graph':{'inputs':[{'as_tensor':{'name':'a'}}],"
            + "'outputs':[{'as_tensor':{'name':'r'}}],'nodes':[{'target':'torch.ops.aten." + target + "','inputs':"
            + "[{'name':'self','arg':{'as_tensor':{'name':'a'}},'kind':1}],'outputs':[{'as_tensor':{'name':'r'}}],"
            + "'metadata':{}}],'tensor_values':{},'sym_int_values':{},'sym_bool_values':{}}}}";
    }

    private static TinyProgram cond(TinyProgram program, String predicate, String then) {
        return program.call("torch.ops.higher_order.cond", "[{'as_tensors':[{'name':'out'}]}]", "", predicate, "",
            body(then), "", body("abs.default"), "", "{'as_tensors':[{'name':'x'}]}").output("out");
    }

    @Test
    void choosesByATensor() {
        Graph graph = Pt2Files.load(folder, cond(new TinyProgram().input("x", 2).input(12, "p"), "%p", "neg.default"));
        ConstantValue x = Pt2Files.tensor(List.of(2L), -1, 2);
        ConstantValue flag = ConstantValue.allocate(DType.BOOL, List.of());
        assertThat(Pt2Files.run(graph, "out", Map.of("x", x, "p", flag))).containsExactly(1.0, 2.0);
        flag.set(0, 1);
        assertThat(Pt2Files.run(graph, "out", Map.of("x", x, "p", flag))).containsExactly(1.0, -2.0);
    }

    /** The branch that the sizes choose is the only one in the graph; the choice is a guard. */
    @Test
    void choosesBySizes() {
        TinyProgram program = new TinyProgram().input("x", "s0")
            .call("torch.ops.aten.sym_size.int", "[{'as_sym_int':{'as_name':'n'}}]", "self", "%x", "dim",
                "{'as_int':0}")
            .call("_operator.ge", "[{'as_sym_bool':{'as_name':'ge'}}]", "", "{'as_sym_int':{'as_name':'n'}}", "",
                "{'as_int':3}");
        Graph graph = Pt2Files.load(folder, cond(program, "{'as_sym_bool':{'as_name':'ge'}}", "neg.default"));
        assertThat(graph.calls()).extracting(c -> c.op().name()).containsExactly("aten.neg.default");
        assertThat(graph.shapes().guards()).hasSize(1);
    }

    @Test
    void refusesBranchesThatChangeTheirInput() {
        assertThatThrownBy(() -> Pt2Files.load(folder,
            cond(new TinyProgram().input("x", 2).input(12, "p"), "%p", "neg_.default")))
            .isInstanceOf(KilnException.Unsupported.class).hasMessageContaining("a branch changes a tensor in place");
    }

    @Test
    void namesUnknownOperatorsOfBranches() {
        assertThatThrownBy(() -> Pt2Files.load(folder,
            cond(new TinyProgram().input("x", 2).input(12, "p"), "%p", "no_such_op.default")))
            .isInstanceOf(KilnException.Unsupported.class).hasMessageContaining("aten.no_such_op.default");
    }

    private static TinyProgram autocast(boolean enabled) {
        return new TinyProgram().input("x", 2).call("torch.ops.higher_order.wrap_with_autocast",
            "[{'as_tensors':[{'name':'out'}]}]", "", "{'as_string':'cpu'}", "", "{'as_none':true}", "",
            "{'as_bool':" + enabled + "}", "", "{'as_bool':false}", "", body("neg.default"), "", "%x").output("out");
    }

    @Test
    void runsWhatAutocastLeavesAloneAndRefusesTheRest() {
        assertThat(Pt2Files.run(Pt2Files.load(folder, autocast(false)), "out",
            Map.of("x", Pt2Files.tensor(List.of(2L), 1, 2)))).containsExactly(-1.0, -2.0);
        assertThatThrownBy(() -> Pt2Files.load(folder, autocast(true))).isInstanceOf(KilnException.Unsupported.class)
            .hasMessageContaining("higher_order.wrap_with_autocast");
    }

    @Test
    void reusesCompiledRegions() {
        TinyProgram program = new TinyProgram().input("x", 2).call("torch.ops.higher_order.invoke_subgraph",
            "[{'as_tensors':[{'name':'out'}]}]", "", body("neg.default"), "", "{'as_string':'region_0'}", "", "%x")
            .output("out");
        assertThat(Pt2Files.run(Pt2Files.load(folder, program), "out",
            Map.of("x", Pt2Files.tensor(List.of(2L), 1, 2)))).containsExactly(-1.0, -2.0);
    }
}
