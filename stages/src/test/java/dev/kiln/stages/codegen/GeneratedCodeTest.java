package dev.kiln.stages.codegen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.kernels.cpu.Isa;
import dev.kiln.kernels.runtime.NativeCallException;
import dev.kiln.ops.DType;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.GraphText;
import dev.kiln.stages.codegen.GraphBatch.Effort;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What generated code does at the edges: bad data, half precisions, sizes of zero. */
class GeneratedCodeTest {
    private static final Isa BEST = CpuInfo.detect().bestIsa();
    private static final int FAILED_INDEX = 1;
    private static final int FAILED_DIVISION = 2;

    @ParameterizedTest
    @ValueSource(longs = {3, -4, Long.MAX_VALUE, Long.MIN_VALUE})
    void reportsAnIndexOutOfRange(long index) {
        Supplier<Map<String, ConstantValue>> run = run("""
            %x = placeholder "x" : f32[3, 2]
            %i = placeholder "i" : i64[2]
            %y = aten.index_select.default(%x, 0, %i) : f32[2, 2]
            return "y": %y
            """, Map.of("x", ConstantValue.floats(List.of(3L, 2L), 1, 2, 3, 4, 5, 6),
            "i", ConstantValue.longs(List.of(2L), -1, index)));
        assertThatThrownBy(run::get).isInstanceOfSatisfying(NativeCallException.class,
            e -> assertThat(e.code()).isEqualTo(FAILED_INDEX));
    }

    @Test
    void reportsADivisionByZero() {
        Supplier<Map<String, ConstantValue>> run = run("""
            %x = placeholder "x" : i64[2]
            %y = aten.floor_divide.default(%x, %x) : i64[2]
            return "y": %y
            """, Map.of("x", ConstantValue.longs(List.of(2L), 5, 0)));
        assertThatThrownBy(run::get).isInstanceOfSatisfying(NativeCallException.class,
            e -> assertThat(e.code()).isEqualTo(FAILED_DIVISION));
    }

    /** All 65536 half numbers through a float and back; NaNs keep being NaNs. */
    @ParameterizedTest
    @CsvSource({"F16, best", "BF16, best", "F16, baseline", "BF16, baseline"})
    void halfPrecisionsSurviveACast(DType half, String isa) {
        ConstantValue all = ConstantValue.allocate(half, List.of(1L << 16));
        for (int i = 0; i < 1 << 16; i++) {
            all.data().setAtIndex(java.lang.foreign.ValueLayout.JAVA_SHORT, i, (short) i);
        }
        Map<String, ConstantValue> outputs = run("""
            %%x = placeholder "x" : %1$s[65536]
            %%f = aten._to_copy.default(%%x, f32, none, none, none, false, none) : f32[65536]
            %%y = aten._to_copy.default(%%f, %1$s, none, none, none, false, none) : %1$s[65536]
            return "f": %%f, "y": %%y
            """.formatted(half), Map.of("x", all), isa.equals("best") ? BEST : Isa.BASELINE).get();
        for (int i = 0; i < 1 << 16; i++) {
            Double number = all.doubleAt(i);
            assertThat((Double) outputs.get("f").doubleAt(i)).as("number %d", i).isEqualTo(number);
            assertThat((Double) outputs.get("y").doubleAt(i)).as("number %d", i).isEqualTo(number);
        }
    }

    @Test
    void foldsOfNothingGiveNeutralElements() {
        Map<String, ConstantValue> outputs = run("""
            %x = placeholder "x" : f32[2, 0]
            %sum = aten.sum.dim_IntList(%x, [1], false, none) : f32[2]
            %prod = aten.prod.dim_int(%x, 1, false, none) : f32[2]
            %mean = aten.mean.dim(%x, [1], false, none) : f32[2]
            return "sum": %sum, "prod": %prod, "mean": %mean
            """, Map.of("x", ConstantValue.floats(List.of(2L, 0L)))).get();
        assertThat(outputs.get("sum")).isEqualTo(ConstantValue.floats(List.of(2L), 0, 0));
        assertThat(outputs.get("prod")).isEqualTo(ConstantValue.floats(List.of(2L), 1, 1));
        assertThat(outputs.get("mean").doubleAt(1)).isNaN();
    }

    private static Supplier<Map<String, ConstantValue>> run(String graph, Map<String, ConstantValue> inputs) {
        return run(graph, inputs, BEST);
    }

    private static Supplier<Map<String, ConstantValue>> run(String graph, Map<String, ConstantValue> inputs,
            Isa isa) {
        return new GraphRunner(isa, Effort.FAST)
            .prepare(List.of(new GraphRunner.Program(GraphText.parse(graph), inputs))).getFirst();
    }
}
