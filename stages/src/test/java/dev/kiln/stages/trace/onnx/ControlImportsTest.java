package dev.kiln.stages.trace.onnx;

import static dev.kiln.stages.trace.onnx.TinyModel.dims;
import static dev.kiln.stages.trace.onnx.TinyModel.doubles;
import static dev.kiln.stages.trace.onnx.TinyModel.floats;
import static dev.kiln.stages.trace.onnx.TinyModel.iota;
import static dev.kiln.stages.trace.onnx.TinyModel.longs;
import static dev.kiln.stages.trace.onnx.TinyModel.runNode;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.GraphProto;
import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import java.util.List;
import org.junit.jupiter.api.Test;

class ControlImportsTest {
    private static GraphProto branch(String op, String output) {
        TinyModel branch = new TinyModel(13).node(op, "x", output).output(output);
        return branch.graph().build();
    }

    @Test
    void aBranchThatShapesDecideIsInlined() {
        TinyModel model = new TinyModel(13).input("x", DType.F32, 1, 2).node("Shape", "x", "shape")
            .initializer("zero", longs(dims(), 0)).initializer("one", longs(dims(), 1))
            .node("Gather", "shape zero", "n").node("Equal", "n one", "single")
            .node("If", "single", "y", "then_branch", branch("Neg", "t"), "else_branch", branch("Foo", "e"))
            .output("y");
        assertThat(model.imported().calls()).extracting(c -> c.op().name())
            .containsExactly("aten.neg.default");
        assertThat(doubles(model.run(floats(dims(1, 2), 1, -2)).getFirst())).containsExactly(-1, 2);
    }

    @Test
    void rejectsABranchThatDataDecides() {
        TinyModel model = new TinyModel(13).input("x", DType.F32, 2).input("c", DType.BOOL)
            .node("If", "c", "y", "then_branch", branch("Neg", "t"), "else_branch", branch("Abs", "e"))
            .output("y");
        assertThatThrownBy(model::imported).isInstanceOf(KilnException.Unsupported.class)
            .hasMessageContaining("the condition (input 'c') depends on data");
    }

    /** Opset 6 aligned the second operand at an axis. */
    @Test
    void oldBroadcastsTakeAnAxis() {
        assertThat(doubles(runNode(6, "Add", "a b", "y", List.of("broadcast", 1, "axis", 0), iota(2, 2),
            floats(dims(2), 10, 20)).getFirst())).containsExactly(10, 11, 22, 23);
    }
}
