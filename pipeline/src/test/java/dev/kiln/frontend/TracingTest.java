package dev.kiln.frontend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.cache.aot.AotEntry;
import dev.kiln.nn.BatchNorm1d;
import dev.kiln.nn.Linear;
import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.shape.ShapePolicy;
import dev.kiln.tensor.CapturedState;
import dev.kiln.tensor.FunctionTrace;
import dev.kiln.tensor.FunctionTracer;
import dev.kiln.tensor.Generator;
import dev.kiln.tensor.Sizes;
import dev.kiln.tensor.Slice;
import dev.kiln.tensor.Tensor;
import dev.kiln.tensor.TensorFunction;
import dev.kiln.tensor.Torch;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What a trace records, and what it does not let through. */
class TracingTest {
    private static FunctionTrace trace(TensorFunction function, Tensor... inputs) {
        return FunctionTracer.trace("f", function, List.of(inputs));
    }

    private static TensorFunction of(java.util.function.UnaryOperator<Tensor> function) {
        return in -> List.of(function.apply(in.getFirst()));
    }

    @Test
    void capturedTensorsAreInputsWithTheirNames() {
        Linear linear = new Linear(3, 2, new Generator(1));
        Tensor scale = Torch.randn(2, 2);
        FunctionTrace trace = trace(of(x -> linear.forward(x).mul(scale)), Torch.randn(3, 4, 3));
        assertThat(trace.function().inputs()).containsExactly(
            new AotEntry.Input("input_0", AotEntry.InputKind.USER_INPUT, false, false),
            new AotEntry.Input("linear.weight", AotEntry.InputKind.PARAMETER, false, true),
            new AotEntry.Input("linear.bias", AotEntry.InputKind.PARAMETER, false, true),
            new AotEntry.Input("tensor", AotEntry.InputKind.CONSTANT, false, false));
        assertThat(trace.captured()).containsExactly(linear.weight, linear.bias, scale);
        assertThat(trace.function().outputs()).singleElement().satisfies(o -> assertThat(o.requiresGrad()).isTrue());
    }

    @Test
    void statisticsOfBatchesAreMutatedBuffers() {
        BatchNorm1d norm = new BatchNorm1d(3);
        FunctionTrace trace = trace(of(norm::forward), Torch.randn(3, 4, 3));
        assertThat(trace.function().inputs().stream().filter(AotEntry.Input::mutated).map(AotEntry.Input::name))
            .containsExactlyInAnyOrder("batchNorm1d.num_batches_tracked", "batchNorm1d.running_mean",
                "batchNorm1d.running_var");
        assertThat(trace.function().userOutputs()).isEqualTo(1);
    }

    @Test
    void callsNameTheLineOfTheProgram() {
        FunctionTrace trace = trace(of(x -> x.matmul(x).relu()), Torch.randn(1, 2, 2));
        assertThat(trace.function().graph().calls().stream().map(Node.Call::sources))
            .allSatisfy(s -> assertThat(s.toString()).matches("\\[TracingTest\\.java:\\d+ (matmul|relu)\\]"));
    }

    @Test
    void openSizesStaySymbols() {
        TensorFunction flat = of(x -> x.view(x.size(0), -1).add(1));
        FunctionTrace trace = FunctionTracer.trace("f", flat, List.of(Torch.randn(1, 4, 2, 3)), List.of(Set.of(0)),
            ShapePolicy.DEFAULT, CapturedState.of(flat));
        assertThat(trace.function().graph().shapes().guards()).isEmpty();
        Tensor other = Torch.randn(2, 7, 2, 3);
        assertThat(Traced.run(trace, List.of(other), Map.of("s0", 7L)).getFirst().toFloatArray())
            .isEqualTo(other.add(1).toFloatArray());
    }

    @Test
    void aSizeThatBecomesANumberIsAGuard() {
        TensorFunction f = of(x -> x.mul(Sizes.number(x.size(0))));
        FunctionTrace trace = FunctionTracer.trace("f", f, List.of(Torch.randn(1, 4, 3)), List.of(Set.of(0)),
            ShapePolicy.DEFAULT, CapturedState.of(f));
        assertThat(trace.function().graph().shapes().guards()).hasToString("[s0 == 4]");
    }

    @Test
    void viewsOfOpenInputsAreGivenByExpressions() {
        TensorFunction f = of(x -> x.select(0, 1).unsqueeze(1));
        FunctionTrace trace = FunctionTracer.trace("f", f, List.of(Torch.randn(1, 4, 3)), List.of(Set.of(0, 1)),
            ShapePolicy.DEFAULT, CapturedState.of(f));
        AotEntry.Output output = trace.function().outputs().getFirst();
        assertThat(output.kind()).isEqualTo(AotEntry.OutputKind.ALIAS_OF_INPUT);
        assertThat(output.view()).hasValue(new AotEntry.View("f32", List.of("s1", "1"), List.of("1", "1"), "s1"));
    }

    @Test
    void readingValuesNamesTheLine() {
        Tensor x = Torch.randn(1, 3);
        assertThatThrownBy(() -> trace(of(t -> t.sum().item().doubleValue() > 0 ? t : t.neg()), x))
            .isInstanceOf(KilnException.Unsupported.class).hasMessageMatching("TracingTest\\.java:\\d+: item\\(\\) .*where\\(\\).*");
        assertThatThrownBy(() -> trace(of(t -> t.gt(0).all().toBoolean() ? t : t.neg()), x))
            .hasMessageContaining("toBoolean()");
        assertThatThrownBy(() -> trace(of(t -> {
            t.sum().backward();
            return t;
        }), x)).hasMessageContaining("backward() inside a function");
    }

    @Test
    void wrongArgumentsNameTheLine() {
        assertThatThrownBy(() -> trace(of(t -> t.matmul(t)), Torch.randn(1, 2, 3)))
            .isInstanceOf(KilnException.BadInput.class).hasMessageStartingWith("TracingTest.java:");
        assertThatThrownBy(() -> Torch.randn(1, 2).mul(2).backward()).isInstanceOf(KilnException.BadInput.class)
            .hasMessageContaining("no compiled function made");
    }

    @Test
    void inPlaceRules() {
        Tensor leaf = Torch.randn(1, 3).requires_grad_();
        assertThatThrownBy(() -> trace(of(t -> t.add_(1)), leaf)).hasMessageContaining("a leaf tensor");
        assertThatThrownBy(() -> trace(of(t -> t.select(0, 1).zero_()), leaf)).hasMessageContaining("a view of a leaf");
        assertThatThrownBy(() -> Torch.zeros(DType.I64, 3).add_(0.5)).hasMessageContaining("cannot be cast");
        assertThatThrownBy(() -> Torch.zeros(3).add_(Torch.zeros(2, 3))).hasMessageContaining("cannot hold");
        assertThatThrownBy(() -> Torch.zeros(3, 1).expand(3, 2).add_(1)).hasMessageContaining("single memory location");
        assertThat(trace(of(t -> Torch.no_grad(() -> t.add_(1))), leaf).function().inputs().getFirst().mutated()).isTrue();
    }

    @Test
    void inputsThatShareMemory() {
        Tensor x = Torch.randn(1, 4);
        TensorFunction swap = in -> {
            in.get(0).add_(1);
            return List.of(in.get(1).mul(2));
        };
        float[] expected = x.add(1).mul(2).toFloatArray();
        assertThat(Traced.run(swap, List.of(x, x)).getFirst().toFloatArray()).isEqualTo(expected);
        assertThatThrownBy(() -> trace(swap, x, x.slice(0, 1, 3))).isInstanceOf(KilnException.Unsupported.class)
            .hasMessageContaining("\"input_0\"").hasMessageContaining("\"input_1\"");
        Tensor matrix = Torch.zeros(2, 2);
        assertThat(Traced.run(swap, List.of(matrix.select(1, 0), matrix.select(1, 1))).getFirst().toFloatArray())
            .containsExactly(0, 0);
        assertThat(matrix.toFloatArray()).containsExactly(1, 0, 1, 0);
    }

    @Test
    void tensorsOfAnotherTraceAreRefused() {
        Tensor[] kept = new Tensor[1];
        trace(of(t -> kept[0] = t.neg()), Torch.randn(1, 2));
        assertThatThrownBy(() -> trace(of(t -> t.add(kept[0])), Torch.randn(1, 2))).hasMessageContaining("another trace");
    }

    @Test
    void bracketsOfPython() {
        Tensor x = Torch.arange(24).view(2, 3, 4);
        assertThat(x.index(1, Slice.ALL, Slice.from(2)).toLongArray()).containsExactly(14, 15, 18, 19, 22, 23);
        assertThat(x.index(Torch.ELLIPSIS, 0).toLongArray()).containsExactly(0, 4, 8, 12, 16, 20);
        assertThat(x.index(null, 0).sizes()).hasToString("[1, 3, 4]");
        assertThat(x.index(Slice.ALL, Tensor.of(new long[] {2, 0})).sizes()).hasToString("[2, 2, 4]");
        assertThat(x.index(x.remainder(5).eq(0)).toLongArray()).containsExactly(0, 5, 10, 15, 20);
        Tensor y = Torch.zeros(3, 2);
        y.index_put_(List.of(Slice.from(1), 0), 5);
        y.index_put_(List.of(Tensor.of(new long[] {0, 0})), Torch.ones(2, 2), true);
        assertThat(y.toFloatArray()).containsExactly(2, 2, 5, 0, 5, 0);
    }
}
