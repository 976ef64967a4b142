package dev.kiln.stages.trace.onnx;

import static dev.kiln.stages.trace.onnx.TinyModel.dims;
import static dev.kiln.stages.trace.onnx.TinyModel.doubles;
import static dev.kiln.stages.trace.onnx.TinyModel.floats;
import static dev.kiln.stages.trace.onnx.TinyModel.iota;
import static dev.kiln.stages.trace.onnx.TinyModel.longs;
import static dev.kiln.stages.trace.onnx.TinyModel.runNode;
import static dev.kiln.stages.trace.onnx.TinyModel.vector;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.ConstantValue;
import java.util.List;
import org.junit.jupiter.api.Test;

class FactoryImportsTest {
    @Test
    void constantsOfEveryForm() {
        TinyModel model = new TinyModel(13).node("Constant", "", "a", "value", iota(2, 1))
            .node("Constant", "", "b", "value_float", 1.5f).node("Constant", "", "c", "value_int", 7)
            .node("Constant", "", "d", "value_floats", new float[] {1, 2})
            .node("Constant", "", "e", "value_ints", dims(3, 4)).output("a", "b", "c", "d", "e");
        List<ConstantValue> results = model.run();
        assertThat(results.stream().map(v -> v.dtype() + "" + v.sizes()))
            .containsExactly("f32[2, 1]", "f32[]", "i64[]", "f32[2]", "i64[2]");
        assertThat(results.stream().map(TinyModel::doubles)).containsExactly(new double[] {0, 1},
            new double[] {1.5}, new double[] {7}, new double[] {1, 2}, new double[] {3, 4});
    }

    @Test
    void constantOfShapeFillsWithItsValue() {
        TinyModel model = new TinyModel(13).initializer("shape", vector(2, 3))
            .node("ConstantOfShape", "shape", "zeros").node("ConstantOfShape", "shape", "fives", "value",
                longs(dims(1), 5)).output("zeros", "fives");
        List<ConstantValue> results = model.run();
        assertThat(results.getFirst()).isEqualTo(floats(dims(2, 3)));
        assertThat(doubles(results.getLast())).containsExactly(5, 5, 5, 5, 5, 5);
    }

    @Test
    void rangesOfNumbersAndSizes() {
        TinyModel constant = new TinyModel(13).initializer("a", floats(dims(), 1))
            .initializer("b", floats(dims(), 2))
            .initializer("c", floats(dims(), 0.25)).node("Range", "a b c", "y").output("y");
        assertThat(doubles(constant.run().getFirst())).containsExactly(1, 1.25, 1.5, 1.75);
        TinyModel dynamic = new TinyModel(13).input("x", DType.F32, "n").initializer("zero", longs(dims(), 0))
            .initializer("one", longs(dims(), 1)).node("Size", "x", "n").node("Range", "zero n one", "y")
            .output("y");
        assertThat(dynamic.imported().calls()).extracting(c -> c.op().packet()).containsExactly("arange");
        assertThat(doubles(dynamic.run(iota(3)).getFirst())).containsExactly(0, 1, 2);
    }

    /** Relative places: from the last one down to that of the first, as reals. */
    @Test
    void rangesOfSizesAsReals() {
        TinyModel model = new TinyModel(13).input("x", DType.F32, "n").initializer("one", longs(dims(), 1))
            .initializer("down", floats(dims(), -1)).node("Size", "x", "n").node("Sub", "n one", "last")
            .node("Neg", "n", "end").node("Cast", "last", "from", "to", TinyModel.code(DType.F32))
            .node("Cast", "end", "to", "to", TinyModel.code(DType.F32)).node("Range", "from to down", "y").output("y");
        assertThat(model.imported().tensor(model.imported().outputs().getFirst().value())).hasToString("f32[2*s0 - 1]");
        assertThat(doubles(model.run(iota(3)).getFirst())).containsExactly(2, 1, 0, -1, -2);
    }

    @Test
    void trianglesAndDiagonals() {
        ConstantValue x = iota(2, 3);
        assertThat(doubles(runNode(14, "Trilu", "a", "y", List.of("upper", 0), x).getFirst()))
            .containsExactly(0, 0, 0, 3, 4, 0);
        TinyModel above = new TinyModel(14).input("x", DType.F32, 2, 3).initializer("k", longs(dims(), 1))
            .node("Trilu", "x k", "y").output("y");
        assertThat(doubles(above.run(x).getFirst())).containsExactly(0, 1, 2, 0, 0, 5);
        assertThat(doubles(runNode(9, "EyeLike", "a", "y", List.of("k", 1), x).getFirst()))
            .containsExactly(0, 1, 0, 0, 0, 1);
    }
}
