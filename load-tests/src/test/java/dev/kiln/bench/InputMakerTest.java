package dev.kiln.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class InputMakerTest {
    private static final List<InputSpec> BERT = List.of(
            new InputSpec("input_ids", DType.I64, List.of("batch", "sequence")),
            new InputSpec("attention_mask", DType.I64, List.of("batch", "sequence")),
            new InputSpec("token_type_ids", DType.I64, List.of("batch", "sequence")));

    @Test
    void idsMasksAndTypesAreValid() {
        long[] shape = {2, 8};
        var shapes = Map.of("input_ids", shape, "attention_mask", shape, "token_type_ids", shape);
        Map<String, Tensor> inputs = new InputMaker(1).make(BERT, shapes);
        assertThat(boxed(inputs.get("input_ids"))).allMatch(id -> id >= 0 && id < 30_000)
                .anyMatch(id -> id > 1000);
        assertThat(inputs.get("attention_mask").toLongArray())
                .containsExactly(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0);
        assertThat(boxed(inputs.get("token_type_ids"))).isSubsetOf(0.0, 1.0);
    }

    private static List<Double> boxed(Tensor tensor) {
        return Arrays.stream(tensor.toDoubleArray()).boxed().toList();
    }

    @Test
    void sameSeedGivesSameValues() {
        var specs = List.of(new InputSpec("x", DType.F32, List.of("4", "4")));
        float[] first = new InputMaker(5).make(specs, Map.of()).get("x").toFloatArray();
        assertThat(new InputMaker(5).make(specs, Map.of()).get("x").toFloatArray()).containsExactly(first);
        assertThat(new InputMaker(6).make(specs, Map.of()).get("x").toFloatArray()).isNotEqualTo(first);
        assertThat(first).hasSize(16);
    }

    @Test
    void makesEveryType() {
        for (DType dtype : DType.values()) {
            var spec = new InputSpec("v", dtype, List.of("3", "2"));
            Tensor tensor = new InputMaker(3).make(List.of(spec), Map.of()).get("v");
            assertThat(tensor.dtype()).isEqualTo(dtype);
            Tensor numbers = dtype.isComplex() ? tensor.parts() : tensor;
            assertThat(boxed(numbers)).hasSize(dtype.isComplex() ? 12 : 6).allMatch(value -> Math.abs(value) <= 1);
        }
    }

    @Test
    void aDynamicInputNeedsAShape() {
        assertThatThrownBy(() -> new InputMaker(1).make(BERT, Map.of()))
                .isInstanceOf(KilnException.BadInput.class)
                .hasMessageContaining("--shape input_ids=");
    }

    @Test
    void parsesShapes() {
        assertThat(ShapeOption.parse("x=8x128").shape()).containsExactly(8, 128);
        assertThat(ShapeOption.parse("a=b=3").name()).isEqualTo("a=b");
        assertThat(ShapeOption.parse("s=").shape()).isEmpty();
        assertThat(ShapeOption.parse("x=8x128")).hasToString("x=8x128");
        for (String bad : List.of("x", "=3", "x=3x", "x=ax3", "x=-3")) {
            assertThatThrownBy(() -> ShapeOption.parse(bad)).isInstanceOf(KilnException.BadInput.class)
                    .hasMessageContaining("NAME=8x128");
        }
    }
}
