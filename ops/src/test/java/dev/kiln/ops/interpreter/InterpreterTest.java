package dev.kiln.ops.interpreter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphText;
import dev.kiln.ops.graph.Node;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class InterpreterTest {
    private static final Graph SYMBOLIC = GraphText.parse("""
        symbol s0 in [1, 16] hint 4
        guard s0 != 3
        %x = placeholder "x" : f32[2*s0]
        %mean = aten.mean.dim(%x, [0], false, none) : f32[]
        %count = aten.full.default([], s0, none, none, none, none) : i64[]
        %scaled = aten.mul.Scalar(%mean, s0) : f32[]
        return "mean": %mean, "count": %count, "scaled": %scaled
        """);

    @Test
    void bindsSymbolsFromTheInputs() {
        Map<String, ConstantValue> out = Interpreter.run(SYMBOLIC,
            Map.of("x", ConstantValue.floats(List.of(4L), 1, 2, 3, 6)));
        assertThat(out.keySet()).containsExactly("mean", "count", "scaled");
        assertThat(out.get("mean").doubleAt(0)).isEqualTo(3);
        assertThat(out.get("count").longAt(0)).isEqualTo(2);
        assertThat(out.get("scaled").doubleAt(0)).isEqualTo(6);
    }

    @Test
    void rejectsInputsThatDoNotFit() {
        assertThatThrownBy(() -> Interpreter.run(SYMBOLIC,
            Map.of())).isInstanceOf(KilnException.BadInput.class)
            .hasMessageContaining("\"x\" is missing");
        assertThatThrownBy(() -> run(5)).isInstanceOf(KilnException.BadInput.class)
            .hasMessageContaining("2*s0");
        assertThatThrownBy(() -> run(6)).isInstanceOf(KilnException.BadInput.class)
            .hasMessageContaining("s0 != 3");
        assertThatThrownBy(() -> run(40)).isInstanceOf(KilnException.BadInput.class)
            .hasMessageContaining("[1, 16]");
        assertThatThrownBy(() -> Interpreter.run(SYMBOLIC, Map.of("x", ConstantValue.longs(List.of(1L), 1))))
            .isInstanceOf(KilnException.BadInput.class).hasMessageContaining("must be f32");
    }

    private static void run(int size) {
        Interpreter.run(SYMBOLIC, Map.of("x", ConstantValue.allocate(DType.F32, List.of((long) size))));
    }

    @Test
    void evaluatesOneCallForConstantFolding() {
        Graph graph = GraphText.parse("""
            %x = constant : f32[2] = [1.0, 2.0]
            %y = aten.add.Tensor(%x, %x, 3) : f32[2]
            return "y": %y
            """);
        ConstantValue x = ConstantValue.floats(List.of(2L), 1, 2);
        assertThat(Interpreter.evaluate((Node.Call) graph.node("y"), List.of(x, x)))
            .containsExactly(ConstantValue.floats(List.of(2L), 4, 8));
    }

    @Test
    void readsAbsentIndexTensors() {
        String text = """
            %x = placeholder "x" : f32[2, 3]
            %i = constant : i64[2] = [-1, 0]
            %y = aten.index.Tensor(%x, [none, %i]) : f32[2, 2]
            return "y": %y
            """;
        Graph graph = GraphText.parse(text);
        assertThat(graph.toString()).isEqualTo(text);
        assertThat(((Node.Call) graph.node("y")).inputs()).containsExactly(Arg.ref("x"), Arg.ref("i"));
        assertThat(Interpreter.run(graph,
            Map.of("x", ConstantValue.floats(List.of(2L, 3L), 1, 2, 3, 4, 5, 6))).get("y"))
            .isEqualTo(ConstantValue.floats(List.of(2L, 2L), 3, 1, 6, 4));
    }
}
