package dev.kiln.stages.postcompile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import java.util.List;
import org.junit.jupiter.api.Test;

class CallSignatureTest {
    /** A model whose only input has {@code 2*s0 + 1} elements. */
    private static CallSignature odd() {
        ShapeEnv shapes = new ShapeEnv();
        SymInt s0 = shapes.backed("s0", 1, 10, 4);
        GraphBuilder g = new GraphBuilder(shapes);
        g.output("y", g.call("aten.neg.default", g.placeholder("x", FakeTensor.contiguous(DType.F32,
            List.of(s0.times(2).plus(1))))));
        return new CallSignature(Signatures.of(g.build()));
    }

    private static long[] bind(int size) {
        return odd().bind(List.of(Tensor.ofFloats(new float[size], size)));
    }

    @Test
    void readsASymbolOffAnExpression() {
        assertThat(bind(7)).containsExactly(3);
    }

    @Test
    void refusesSizesThatTheExpressionCannotHave() {
        assertThatThrownBy(() -> bind(6)).isInstanceOf(KilnException.BadInput.class)
            .hasMessageContaining("dimension 0 must be 2*s0 + 1, which no whole s0 gives");
        assertThatThrownBy(() -> bind(23)).isInstanceOf(KilnException.BadInput.class)
            .hasMessageContaining("s0 must be at least 1 and at most 10");
        assertThatThrownBy(() -> bind(1)).isInstanceOf(KilnException.BadInput.class);
    }
}
