package dev.kiln;

import ai.onnxruntime.OrtException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Products of 8-bit integers in all the forms that quantised models have them in, against ONNX Runtime. */
class QuantizedProductsTest extends OnnxRuntimeHarness {
    private static final int UNSIGNED = 2;
    private static final int SIGNED = 3;
    private static final String CONTRIB = "com.microsoft";

    /** A weight of random bytes with a zero point and a scale, or one of each for every place along {@code count}. */
    private OnnxRuntimeHarness weight(String name, int type, int count, long... sizes) {
        byte[] bytes = new byte[(int) (sizes[0] * sizes[1])];
        random.nextBytes(bytes);
        byte[] zeros = new byte[count];
        random.nextBytes(zeros);
        long[] shape = count == 1 ? new long[0] : new long[] {count};
        return constant(name, type, bytes, sizes).constant(name + "z", type, zeros, shape).scales(name + "s", count);
    }

    @ParameterizedTest
    @CsvSource({"2, 1", "3, 1", "2, 24", "3, 24"})
    void dynamicallyQuantizedLinear(int type, int columns) throws OrtException {
        weight("w", type, columns, 64, 24).constant("b", noise(24), 24).input("x", 2, 5, 64)
            .node("", "DynamicQuantizeLinear", "x", "q s z").node("", "Mul", "s ws", "scale")
            .node("", "MatMulInteger", "q w z wz", "p").node("", "Cast", "p", "f", "to", FLOAT)
            .node("", "Mul", "f scale", "m").node("", "Add", "m b", "y").check(1e-5, "y");
    }

    @Test
    void withoutZeroPoints() throws OrtException {
        weight("w", UNSIGNED, 1, 32, 7).input("x", 3, 32).node("", "DynamicQuantizeLinear", "x", "q s z")
            .node("", "MatMulInteger", "q w", "p").node("", "Cast", "p", "y", "to", FLOAT).check(0, "y");
    }

    @Test
    void stacksOfMatrices() throws OrtException {
        input("x", 2, 3, 8).input("v", 2, 8, 4).node("", "DynamicQuantizeLinear", "x", "q s z")
            .node("", "DynamicQuantizeLinear", "v", "vq vs vz")
            .node("", "MatMulInteger", "q vq z vz", "p").node("", "Cast", "p", "y", "to", FLOAT).check(0, "y");
    }

    private OnnxRuntimeHarness quantizedInput(int type) {
        return input("x", 6, 48).scalar("xs", 0.02f).constant("xz", type, new byte[] {(byte) (type == SIGNED ? -3 : 120)})
            .node("", "QuantizeLinear", "x xs xz", "xq").node("", "DequantizeLinear", "xq xs xz", "xr");
    }

    @ParameterizedTest
    @CsvSource({"2, 2, 1", "2, 3, 20", "3, 3, 20", "2, 2, 20"})
    void quantizedAndDequantized(int activation, int type, int columns) throws OrtException {
        weight("w", type, columns, 48, 20);
        quantizedInput(activation).constant("b", noise(20), 20).node("", "DequantizeLinear", "w ws wz", "wr", "axis", 1)
            .node("", "MatMul", "xr wr", "p").node("", "Add", "p b", "y").check(2e-5, "y");
    }

    @Test
    void quantizedGemmOfATransposedWeight() throws OrtException {
        weight("w", SIGNED, 20, 20, 48);
        quantizedInput(UNSIGNED).constant("b", noise(20), 20).node("", "DequantizeLinear", "w ws wz", "wr", "axis", 0)
            .node("", "Gemm", "xr wr b", "y", "transB", 1).check(2e-5, "y");
    }

    @ParameterizedTest
    @ValueSource(ints = {UNSIGNED, SIGNED})
    void linearMatMul(int type) throws OrtException {
        weight("w", SIGNED, 20, 48, 20);
        quantizedInput(type).scalar("ys", 0.7f).constant("yz", type, new byte[] {3})
            .node("", "QLinearMatMul", "xq xs xz w ws wz ys yz", "yq")
            .node("", "DequantizeLinear", "yq ys yz", "y").check(1e-6, "y");
    }

    @Test
    void productToFloat() throws OrtException {
        weight("w", UNSIGNED, 20, 48, 20);
        quantizedInput(UNSIGNED).constant("b", noise(20), 20)
            .node(CONTRIB, "MatMulIntegerToFloat", "xq w xs ws xz wz b", "y").check(1e-5, "y");
    }

    @Test
    void dynamicallyQuantizedMatMul() throws OrtException {
        weight("w", SIGNED, 20, 48, 20).constant("b", noise(20), 20).input("x", 2, 3, 48)
            .node(CONTRIB, "DynamicQuantizeMatMul", "x w ws wz b", "y").check(1e-5, "y");
    }

    /** Weights of 4 bits in blocks, with zero points or around 8, and a bias. */
    @ParameterizedTest
    @CsvSource({"32, true", "64, false", "128, true", "256, true"})
    void blocksOfFourBits(int block, boolean zeros) throws OrtException {
        int blocks = 512 / block;
        byte[] packed = new byte[12 * 256];
        random.nextBytes(packed);
        byte[] zeroPoints = new byte[12 * ((blocks + 1) / 2)];
        random.nextBytes(zeroPoints);
        scales("s", 12 * blocks).constant("w", UNSIGNED, packed, 12, blocks, block / 2)
            .constant("z", UNSIGNED, zeroPoints, zeroPoints.length).constant("b", noise(12), 12).input("x", 2, 3, 512)
            .node(CONTRIB, "MatMulNBits", zeros ? "x w s z _ b" : "x w s", "y", "K", 512, "N", 12, "bits", 4,
                "block_size", block).check(1e-4, "y");
    }

    /** With a bias in i32, to f32 and to bytes. */
    @Test
    void quantizedGemm() throws OrtException {
        ByteBuffer bias = ByteBuffer.allocate(80).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < 20; i++) {
            bias.putInt(random.nextInt(-5000, 5000));
        }
        weight("w", SIGNED, 1, 20, 48);
        quantizedInput(UNSIGNED).constant("c", 6, bias.array(), 20).scalar("ys", 0.5f)
            .constant("yz", UNSIGNED, new byte[] {100})
            .node(CONTRIB, "QGemm", "xq xs xz w ws wz c", "y", "transB", 1)
            .node(CONTRIB, "QGemm", "xq xs xz w ws wz c ys yz", "q", "transB", 1)
            .node("", "DequantizeLinear", "q ys yz", "r").check(1e-5, "y", "r");
    }
}
