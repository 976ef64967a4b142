package dev.kiln.stages.trace.onnx;

import static dev.kiln.stages.trace.onnx.TinyModel.dims;
import static dev.kiln.stages.trace.onnx.TinyModel.doubles;
import static dev.kiln.stages.trace.onnx.TinyModel.fill;
import static dev.kiln.stages.trace.onnx.TinyModel.iota;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.stages.trace.TraceOptions;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TensorReaderTest {
    private static final TensorReader READER = new TensorReader(new ExternalData(Optional.empty()));

    private static TensorProto.Builder pair(DType dtype) {
        return TensorProto.newBuilder().setName("t").setDataType(TinyModel.code(dtype)).addDims(2);
    }

    @Test
    void rawDataOfEveryType() {
        for (DType dtype : DType.values()) {
            if (dtype.isComplex()) {
                continue; // no ONNX operator that Kiln has takes complex tensors
            }
            ConstantValue value = fill(dtype, dims(3), 1, 0, 1);
            assertThat(READER.read(TinyModel.tensor("t", value))).as(dtype.text()).isEqualTo(value);
        }
    }

    @Test
    void typedFieldsOfEveryClass() {
        assertThat(doubles(READER.read(pair(DType.F32).addFloatData(1.5f).addFloatData(-2).build())))
            .containsExactly(1.5, -2);
        assertThat(doubles(READER.read(pair(DType.F64).addDoubleData(1.5).addDoubleData(-2).build())))
            .containsExactly(1.5, -2);
        assertThat(doubles(READER.read(pair(DType.I64).addInt64Data(5).addInt64Data(-2).build())))
            .containsExactly(5, -2);
        for (DType dtype : new DType[] {DType.I32, DType.I16, DType.I8}) {
            assertThat(doubles(READER.read(pair(dtype).addInt32Data(5).addInt32Data(-2).build())))
                .containsExactly(5, -2);
        }
        assertThat(doubles(READER.read(pair(DType.U8).addInt32Data(255).addInt32Data(1).build())))
            .containsExactly(255, 1);
        for (DType dtype : new DType[] {DType.U32, DType.U64}) {
            assertThat(doubles(READER.read(pair(dtype).addUint64Data(0xffffffffL).addUint64Data(1).build())))
                .containsExactly(0xffffffffL, 1);
        }
        assertThat(doubles(READER.read(pair(DType.BOOL).addInt32Data(1).addInt32Data(0).build())))
            .containsExactly(1, 0);
        assertThat(doubles(READER.read(pair(DType.F16).addInt32Data(0x3e00).addInt32Data(0xc000).build())))
            .containsExactly(1.5, -2);
        assertThat(doubles(READER.read(pair(DType.BF16).addInt32Data(0x3fc0).addInt32Data(0xc000).build())))
            .containsExactly(1.5, -2);
    }

    @Test
    void rejectsSizesThatOverflow() {
        TensorProto.Builder tensor = TensorProto.newBuilder().setName("t").setDataType(1).addDims(1L << 40)
            .addDims(1L << 40);
        assertThatThrownBy(() -> READER.read(tensor.build())).isInstanceOf(KilnException.BadInput.class)
            .hasMessageContaining("impossible sizes");
    }

    private static TensorProto external(String location, long offset) {
        return TensorProto.newBuilder().setName("w").setDataType(1).addDims(3)
            .setDataLocation(TensorProto.DataLocation.EXTERNAL)
            .addExternalData(StringStringEntryProto.newBuilder().setKey("location").setValue(location))
            .addExternalData(StringStringEntryProto.newBuilder().setKey("offset")
            .setValue(Long.toString(offset)))
            .addExternalData(StringStringEntryProto.newBuilder().setKey("length").setValue("12")).build();
    }

    private static Path write(Path directory, TensorProto tensor) throws Exception {
        TinyModel model = new TinyModel(13).input("x", DType.F32, 3).node("Mul", "x w", "y").output("y");
        model.graph().addInitializer(tensor);
        return Files.write(directory.resolve("model.onnx"), model.proto().toByteArray());
    }

    @Test
    void externalDataLiesBesideTheModel(@TempDir Path directory) throws Exception {
        Files.write(directory.resolve("weights.bin"), iota(5).data().toArray(ValueLayout.JAVA_BYTE));
        ConstantValue weight = OnnxImporter.importModel(write(directory, external("weights.bin", 8)),
            TraceOptions.NONE).constants().getFirst().value();
        assertThat(doubles(weight)).containsExactly(2, 3, 4);
    }

    @Test
    void rejectsExternalDataElsewhereOrTooShort(@TempDir Path directory) throws Exception {
        Files.write(directory.resolve("weights.bin"), new byte[12]);
        assertFails(write(directory, external("../weights.bin", 0)), "is not inside the model's directory");
        assertFails(write(directory, external("/etc/hostname", 0)), "is not inside the model's directory");
        assertFails(write(directory, external("weights.bin", 4)), "ends at byte 16, but weights.bin has 12");
        assertFails(write(directory, external("none.bin", 0)), "external data file none.bin is missing");
    }

    private static void assertFails(Path model, String message) {
        assertThatThrownBy(() -> OnnxImporter.importModel(model, TraceOptions.NONE))
            .isInstanceOf(KilnException.BadInput.class).hasMessageContaining(message);
    }

    @Test
    void tensorFiles(@TempDir Path directory) throws Exception {
        Path file = Files.write(directory.resolve("input_0.pb"), TinyModel.tensor("x", iota(2))
            .toByteArray());
        assertThat(OnnxTensorFile.read(file)).isEqualTo(new OnnxTensorFile("x", iota(2)));
        Files.write(file, new byte[] {10});
        assertThatThrownBy(() -> OnnxTensorFile.read(file)).isInstanceOf(KilnException.BadInput.class)
            .hasMessage("input_0.pb: not a complete ONNX tensor file");
    }
}
