package dev.kiln.stages.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.interpreter.Interpreter;
import dev.kiln.ops.schema.OpTable;
import dev.kiln.stages.autograd.JointGraph;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Joint graphs whose sizes are open: built with some sizes, they give libtorch's gradients with others. */
class OpenSizeGradientTest {
    private static final long SEED = 7;

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "mul.Tensor | T[A,B], T[B]", "div.Tensor | T[B], P[A,1]", "where.self | b[A,B], T[B], T[A,1]",
        "sum.dim_IntList | T[A,B], [1]", "mean.dim | T[A,B], [0], true", "mean.default | T[A,B]",
        "amax.default | T[A,B], [1]", "prod.dim_int | T[A,B], 1", "logsumexp.default | T[A,B], [0]",
        "var.correction | T[A,B], [1]", "std_mean.correction | T[A,B], none, 1", "linalg_vector_norm.default | T[A,B], 3, [1]",
        "max.dim | T[A,B], 1", "sort.stable | T[A,B], false, 1", "topk.default | T[A,B], 2", "cummax.default | T[A,B], 0",
        "cumsum.default | T[A,B], 0", "cumprod.default | T[A,B], 1", "logcumsumexp.default | T[A,B], 1",
        "cat.default | [T[A,B], T[2,B]], 0", "stack.default | [T[A,B], T[A,B]], 1", "transpose.int | T[A,B], 0, 1",
        "permute.default | T[A,B,2], [2,0,1]", "unsqueeze.default | T[A,B], 1", "slice.Tensor | T[A,B], 0, 1, 9223372036854775807",
        "slice.Tensor | T[A,B], 1, 0, -1", "select.int | T[A,B], 1, -1", "diagonal.default | T[A,A]", "unfold.default | T[A,B], 1, 2, 1",
        "flip.default | T[A,B], [0]", "index_select.default | T[A,B], 1, i[2]<B", "gather.default | T[A,B], 1, i[A,2]<B",
        "index.Tensor | T[A,B], [i[3]<A]", "scatter.src | T[A,B], 1, i[A,B]<B, T[A,B]", "scatter_add.default | T[A,B], 0, i[A,B]<A, T[A,B]",
        "index_add.default | T[A,B], 0, i[3]<A, T[3,B]", "tril.default | T[A,B]", "roll.default | T[A,B], [1], [1]",
        "repeat.default | T[A,B], [2,1]"})
    void holdForOtherSizes(String overload, String text) {
        GradientCase built = drawn(overload, text, "4", "6");
        GradientCase other = drawn(overload, text, "7", "5");
        Graph forward = built.forward(true);
        JointGraph joint = built.joint(forward);
        TorchGradients.Answer expected = other.asked();

        Map<String, ConstantValue> inputs = new HashMap<>(other.inputs());
        joint.tangents().forEach(t -> inputs.put(t.source(), expected.tangents().get(t.output()).orElseThrow()));
        Map<String, ConstantValue> results = Interpreter.run(joint.graph(), inputs);

        assertThat(expected.gradients()).isNotEmpty().allSatisfy((ref, gradient) ->
            assertThat(new Tolerance(1e-9, 1e-9).mismatch(gradient, results.get(JointGraph.GRADIENT + ref.node()))).isEmpty());
    }

    private static GradientCase drawn(String overload, String text, String a, String b) {
        return new GradientCase(new Sample(OpTable.get("aten." + overload), text.replace("A", a).replace("B", b),
            List.of(DType.F64), false, SEED).draw(r -> SampleValues.Range.SMOOTH), false);
    }
}
