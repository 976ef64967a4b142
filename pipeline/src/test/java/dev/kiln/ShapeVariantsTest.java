package dev.kiln;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import dev.kiln.cache.CacheMode;
import dev.kiln.cache.CacheSettings;
import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.KilnException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One artifact a guard set, several a model; and outputs whose sizes come from data. */
class ShapeVariantsTest {
    @TempDir
    Path folder;

    private Kiln open() {
        return Kiln.open(KilnConfig.of(new CacheSettings(folder.resolve("cache"), CacheMode.WRITE)));
    }

    private static Tensor iota(long... shape) {
        int count = 1;
        for (long size : shape) {
            count *= (int) size;
        }
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = i - 1;
        }
        return Tensor.ofFloats(values, shape);
    }

    /** The first 16 rows: with fewer than 16, all of them; a hint of 8 leads to a guard. */
    private Path firstRows() {
        TensorProto.Builder end = TensorProto.newBuilder().setName("end").setDataType(TensorProto.DataType.INT64_VALUE)
            .addDims(1).addInt64Data(16);
        TensorProto.Builder start = TensorProto.newBuilder().setName("start")
            .setDataType(TensorProto.DataType.INT64_VALUE).addDims(1).addInt64Data(0);
        return Models.write(folder.resolve("rows.onnx"), GraphProto.newBuilder().setName("rows")
            .addInput(Models.value("x", -1, 4)).addOutput(Models.value("y", -1, 4)).addInitializer(start)
            .addInitializer(end).addNode(Models.node("Slice", "y", "x", "start", "end")));
    }

    @Test
    void emptyInputsHaveAVariant() {
        Path model = Models.linear(folder.resolve("linear.onnx"), -1);
        try (Kiln kiln = open(); CompiledModel compiled = kiln.compileBlocking(model)) {
            assertThat(compiled.run(Map.of("x", iota(0, 4))).get("y").shape()).containsExactly(0, 3);
            assertThat(kiln.compiles()).isEqualTo(2);
            assertThat(compiled.run(Map.of("x", iota(0, 4))).get("y").shape()).containsExactly(0, 3);
            assertThat(compiled.run(Map.of("x", iota(2, 4))).get("y").shape()).containsExactly(2, 3);
            assertThat(kiln.compiles()).isEqualTo(2);
            assertThat(compiled.variantInfos()).hasSize(1);
        }
    }

    @Test
    void aFailedGuardCompilesAVariantThatOtherProcessesFind() {
        Path model = firstRows();
        try (Kiln kiln = open(); CompiledModel compiled = kiln.compileBlocking(model)) {
            assertThat(compiled.info().graph().signature().guards()).singleElement().asString()
                .startsWith("s0 < 16").endsWith("aten.slice.Tensor");
            assertThat(compiled.run(Map.of("x", iota(5, 4))).get("y").shape()).containsExactly(5, 4);
            assertThat(compiled.run(Map.of("x", iota(20, 4))).get("y").shape()).containsExactly(16, 4);
            assertThat(compiled.run(Map.of("x", iota(33, 4))).get("y").shape()).containsExactly(16, 4);
            assertThat(kiln.compiles()).isEqualTo(2);
            assertThat(kiln.cache().variants().of(compiled.info().key())).hasSize(1);
        }
        try (Kiln kiln = open(); CompiledModel compiled = kiln.compileBlocking(model)) {
            assertThat(compiled.info().cacheHit()).isTrue();
            assertThat(compiled.run(Map.of("x", iota(41, 4))).get("y").toFloatArray()[63]).isEqualTo(62);
            assertThat(compiled.variantInfos()).singleElement().matches(CompileInfo::cacheHit);
            assertThat(kiln.compiles()).isZero();
        }
    }

    @Test
    void sizesThatTheModelRefusesStayRefused() {
        Path model = Models.linear(folder.resolve("linear.onnx"), -1);
        try (Kiln kiln = open(); CompiledModel compiled = kiln.compileBlocking(model)) {
            for (int i = 0; i < 2; i++) {
                assertThatThrownBy(() -> compiled.run(Map.of("x", iota(2, 5))))
                    .isInstanceOf(KilnException.BadInput.class).hasMessageContaining("'x'");
            }
            assertThat(kiln.compiles()).isEqualTo(1);
        }
    }

    @Test
    void outputsWhoseSizesComeFromDataHaveTheirTrueSize() {
        Path model = Models.write(folder.resolve("nonzero.onnx"), GraphProto.newBuilder().setName("nonzero")
            .addInput(Models.value("x", -1, 4)).addOutput(Models.value("y", 2, -1)).addOutput(Models.value("z", 2, -1))
            .addNode(Models.node("Relu", "r", "x")).addNode(Models.node("NonZero", "i", "r"))
            .addNode(Models.node("Cast", "y", "i").addAttribute(AttributeProto.newBuilder().setName("to")
                .setType(AttributeProto.AttributeType.INT).setI(TensorProto.DataType.FLOAT_VALUE)))
            .addNode(Models.node("Add", "z", "y", "y")));
        try (Kiln kiln = open(); CompiledModel compiled = kiln.compileBlocking(model)) {
            Map<String, Tensor> some = compiled.run(Map.of("x", iota(2, 4)));
            assertThat(some.get("y").shape()).containsExactly(2, 6);
            assertThat(some.get("y").toFloatArray()).containsExactly(0, 0, 1, 1, 1, 1, 2, 3, 0, 1, 2, 3);
            assertThat(some.get("z").toFloatArray()[11]).isEqualTo(6);
            assertThat(compiled.run(Map.of("x", Tensor.ofFloats(new float[12], 3, 4))).get("y").shape())
                .containsExactly(2, 0);
            assertThat(compiled.run(Map.of("x", iota(20000, 4))).get("z").shape()).containsExactly(2, 79998);
            assertThat(compiled.info().graph().signature().capacities()).isEqualTo(List.of("8*s0", "8*s0"));
        }
    }
}
