package dev.kiln.stages.trace.onnx;

import static dev.kiln.stages.trace.onnx.TinyModel.dims;
import static dev.kiln.stages.trace.onnx.TinyModel.doubles;
import static dev.kiln.stages.trace.onnx.TinyModel.fill;
import static dev.kiln.stages.trace.onnx.TinyModel.floats;
import static dev.kiln.stages.trace.onnx.TinyModel.runNode;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.ConstantValue;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class QuantizationImportsTest {
    @Test
    void quantizesWithSaturation() {
        ConstantValue result = runNode(13, "QuantizeLinear", "a b c", "y", List.of(),
            floats(dims(5), -300, -1, 1, 5, 999), floats(dims(), 2), fill(DType.I8, dims(), 10)).getFirst();
        assertThat(result.dtype()).isEqualTo(DType.I8);
        assertThat(doubles(result)).containsExactly(-128, 10, 10, 12, 127);
    }

    @Test
    void dequantizesAlongAnAxis() {
        ConstantValue result = runNode(13, "DequantizeLinear", "a b c", "y", List.of("axis", 0),
            fill(DType.U8, dims(2, 2), 1, 2, 3, 4), floats(dims(2), 0.5, 2), fill(DType.U8, dims(2), 1, 2))
            .getFirst();
        assertThat(doubles(result)).containsExactly(0, 0.5, 2, 4);
    }

    @Test
    void findsTheRangeOfTheData() {
        List<ConstantValue> results = runNode(11, "DynamicQuantizeLinear", "a", "y s z", List.of(),
            floats(dims(3), -51, 0, 204));
        assertThat(doubles(results.get(0))).containsExactly(0, 51, 255);
        assertThat(doubles(results.get(1))).containsExactly(1);
        assertThat(doubles(results.get(2))).containsExactly(51);
    }

    @Test
    void multipliesIntegersLessTheirZeroPoints() {
        ConstantValue result = runNode(10, "MatMulInteger", "a b c d", "y", List.of(),
            fill(DType.U8, dims(1, 2), 11, 7),
            fill(DType.U8, dims(2, 1), 1, 4), fill(DType.U8, dims(), 12), fill(DType.U8, dims(), 0))
            .getFirst();
        assertThat(result.dtype()).isEqualTo(DType.I32);
        assertThat(doubles(result)).containsExactly(-21);
    }

    /** The last block has one row only. */
    @Test
    void dequantizesInBlocks() {
        ConstantValue result = runNode(21, "DequantizeLinear", "a b c", "y", List.of("axis", 0, "block_size", 2),
            fill(DType.I8, dims(3, 1), 1, 2, 3), floats(dims(2, 1), 0.5, 10), fill(DType.I8, dims(2, 1), 1, -1))
            .getFirst();
        assertThat(doubles(result)).containsExactly(0, 0.5, 40);
    }

    @Test
    void refusesBlocksThatDoNotFit() {
        assertThatThrownBy(() -> runNode(21, "DequantizeLinear", "a b", "y", List.of("axis", 0, "block_size", 2),
            fill(DType.I8, dims(3, 1), 1, 2, 3), floats(dims(3, 1), 1, 1, 1))).isInstanceOf(KilnException.BadInput.class)
            .hasMessageContaining("number of blocks");
    }

    /** By the type of the zero point, or by the attribute; what is too large saturates. */
    @Test
    void quantizesToFourBits() {
        ConstantValue x = floats(dims(4), -100, -1, 0.5, 100);
        assertThat(doubles(runNode(21, "QuantizeLinear", "a b", "y", List.of("output_dtype", 22), x,
            floats(dims(), 1)).getFirst())).containsExactly(-8, -1, 0, 7);
        ConstantValue unsigned = runNode(21, "QuantizeLinear", "a b", "y", List.of("output_dtype", 21), x,
            floats(dims(), 1)).getFirst();
        assertThat(unsigned.dtype()).isEqualTo(DType.U8);
        assertThat(doubles(unsigned)).containsExactly(0, 0, 0, 15);
    }

    /** Two numbers a byte, the first in its lower half; as raw bytes and as integers. */
    @Test
    void readsFourBits() {
        TensorProto.Builder tensor = TensorProto.newBuilder().setName("w").setDataType(22).addDims(3);
        TensorReader reader = new TensorReader(new ExternalData(Optional.empty()));
        byte[] raw = {(byte) 0x8f, 0x07};
        assertThat(doubles(reader.read(tensor.clone().setRawData(ByteString.copyFrom(raw)).build())))
            .containsExactly(-1, -8, 7);
        ConstantValue typed = reader.read(tensor.clone().setDataType(21).addInt32Data(0x8f).addInt32Data(7).build());
        assertThat(typed.dtype()).isEqualTo(DType.U8);
        assertThat(doubles(typed)).containsExactly(15, 8, 7);
        assertThatThrownBy(() -> reader.read(tensor.clone().setRawData(ByteString.copyFrom(raw, 0, 1)).build()))
            .isInstanceOf(KilnException.BadInput.class).hasMessageContaining("takes 2 bytes, the file has 1");
    }

    @Test
    void castsToFourBits() {
        ConstantValue x = floats(dims(4), 7, 8, -9, 17.9);
        assertThat(doubles(runNode(21, "Cast", "a", "y", List.of("to", 22), x).getFirst())).containsExactly(7, -8, 7, 1);
        assertThat(doubles(runNode(21, "Cast", "a", "y", List.of("to", 21), x).getFirst())).containsExactly(7, 8, 7, 1);
    }

    /** Beyond the largest number: that number, or what the format has for it. */
    @Test
    void saturatesEightBitFloatsOrNot() {
        ConstantValue x = floats(dims(5), 464, 465, -1e6, Double.POSITIVE_INFINITY, Double.NaN);
        assertThat(doubles(runNode(19, "Cast", "a", "y", List.of("to", 17), x).getFirst()))
            .containsExactly(448, 448, -448, 448, Double.NaN);
        assertThat(doubles(runNode(19, "Cast", "a", "y", List.of("to", 17, "saturate", 0), x).getFirst()))
            .containsExactly(448, Double.NaN, Double.NaN, Double.NaN, Double.NaN);
        assertThat(doubles(runNode(19, "Cast", "a", "y", List.of("to", 19), x).getFirst()))
            .containsExactly(448, 448, -57344, 57344, Double.NaN);
        assertThat(doubles(runNode(19, "Cast", "a", "y", List.of("to", 19, "saturate", 0), x).getFirst()))
            .containsExactly(448, 448, Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY, Double.NaN);
    }

    @Test
    void quantizesToSixteenBits() {
        ConstantValue result = runNode(21, "QuantizeLinear", "a b c", "y", List.of(), floats(dims(3), -5, 40000, 70000),
            floats(dims(), 1), fill(DType.U16, dims(), 3)).getFirst();
        assertThat(result.dtype()).isEqualTo(DType.U16);
        assertThat(doubles(result)).containsExactly(0, 40003, 65535);
    }
}
