package dev.kiln;

import ai.onnxruntime.OrtException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Operators that ONNX's test data of 2022 does not have, against ONNX Runtime: whole models of one or two nodes. */
class OnnxRuntimeTest extends OnnxRuntimeHarness {
    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void attention(int causal) throws OrtException {
        input("q", 2, 4, 5, 8).input("k", 2, 2, 6, 8).input("v", 2, 2, 6, 7)
            .node("", "Attention", "q k v", "y", "is_causal", causal).check(1e-5, "y");
    }

    @Test
    void attentionWithMaskAndHeadsInTheLastDimension() throws OrtException {
        input("q", 2, 5, 32).input("k", 2, 6, 16).input("v", 2, 6, 16).input("m", 5, 6)
            .node("", "Attention", "q k v m", "y", "q_num_heads", 4, "kv_num_heads", 2, "scale", 0.3f).check(1e-5, "y");
    }

    @Test
    void attentionWithPast() throws OrtException {
        input("q", 1, 2, 3, 8).input("k", 1, 2, 3, 8).input("v", 1, 2, 3, 8).input("pk", 1, 2, 4, 8)
            .input("pv", 1, 2, 4, 8).node("", "Attention", "q k v _ pk pv", "y nk nv").check(1e-5, "y", "nk", "nv");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void rotaryEmbedding(int interleaved) throws OrtException {
        constant("cos", noise(10, 4), 10, 4).constant("sin", noise(10, 4), 10, 4).input("x", 2, 3, 5, 8)
            .longs("p", new long[] {0, 3, 1, 9, 5, 2, 2, 8, 7, 0}, 2, 5)
            .node("", "RotaryEmbedding", "x cos sin p", "y", "interleaved", interleaved).check(1e-5, "y");
    }

    @Test
    void rotaryEmbeddingOfAPart() throws OrtException {
        constant("cos", noise(2, 5, 2), 2, 5, 2).constant("sin", noise(2, 5, 2), 2, 5, 2).input("x", 2, 5, 24)
            .node("", "RotaryEmbedding", "x cos sin", "y", "num_heads", 3, "rotary_embedding_dim", 4).check(1e-5, "y");
    }

    @Test
    void rmsNormalization() throws OrtException {
        input("x", 3, 5, 8).constant("s", noise(5, 8), 5, 8)
            .node("", "RMSNormalization", "x s", "y", "axis", -2, "epsilon", 0.01f).check(1e-5, "y");
    }

    @Test
    void skipNormalizations() throws OrtException {
        input("x", 2, 3, 8).input("k", 2, 3, 8).constant("g", noise(8), 8).constant("b", noise(8), 8)
            .constant("c", noise(8), 8)
            .node("com.microsoft", "SkipLayerNormalization", "x k g b c", "y _ _ sum", "epsilon", 1e-5f)
            .node("com.microsoft", "SkipSimplifiedLayerNormalization", "x k g c", "z", "epsilon", 1e-5f)
            .node("", "SimplifiedLayerNormalization", "x g", "w", "epsilon", 1e-5f).check(1e-5, "y", "sum", "z", "w");
    }

    @Test
    void contributedActivations() throws OrtException {
        input("x", 4, 8).constant("b", noise(8), 8).node("com.microsoft", "Gelu", "x", "gelu")
            .node("com.microsoft", "BiasGelu", "x b", "bias").node("com.microsoft", "FastGelu", "x b", "fast")
            .node("com.microsoft", "QuickGelu", "x", "quick", "alpha", 1.3f).check(1e-5, "gelu", "bias", "fast", "quick");
    }

    @Test
    void fusedMatMul() throws OrtException {
        input("a", 2, 5, 3).input("b", 2, 4, 5)
            .node("com.microsoft", "FusedMatMul", "a b", "y", "transA", 1, "transB", 1, "alpha", 0.5f).check(1e-5, "y");
    }

    /** Weights of 4 bits with a scale and zero point a block of 16 rows, as quantised language models have them. */
    @ParameterizedTest
    @ValueSource(ints = {21, 22})
    void blocksOfFourBits(int type) throws OrtException {
        byte[] packed = new byte[32 * 6 / 2];
        random.nextBytes(packed);
        byte[] zeros = new byte[6];
        random.nextBytes(zeros);
        input("x", 3, 32).constant("w", type, packed, 32, 6).constant("s", noise(2, 6), 2, 6)
            .constant("z", type, zeros, 2, 6)
            .node("", "DequantizeLinear", "w s z", "real", "axis", 0, "block_size", 16)
            .node("", "MatMul", "x real", "y").check(1e-5, "y", "real");
    }

    @ParameterizedTest
    @ValueSource(ints = {21, 22})
    void quantizesToFourBits(int type) throws OrtException {
        input("x", 4, 8).constant("s", new float[] {0.1f, 0.3f, 0.05f, 1}, 4)
            .constant("z", type, new byte[] {0x31, 0x75}, 4)
            .node("", "QuantizeLinear", "x s z", "q", "axis", 0)
            .node("", "DequantizeLinear", "q s z", "y", "axis", 0).check(1e-6, "y");
    }

    /** Eight-bit floats, which saturate or not. */
    @ParameterizedTest
    @ValueSource(ints = {17, 19})
    void quantizesToEightBitFloats(int type) throws OrtException {
        input("x", 4, 8).constant("s", new float[] {0.001f}).constant("z", type, new byte[] {0})
            .node("", "QuantizeLinear", "x s z", "q").node("", "DequantizeLinear", "q s z", "y")
            .node("", "Cast", "x", "c", "to", type).node("", "Cast", "c", "d", "to", FLOAT).check(1e-6, "y", "d");
    }

    @ParameterizedTest
    @ValueSource(strings = {"LSTM", "GRU", "RNN"})
    void longSequences(String op) throws OrtException {
        int gates = op.equals("LSTM") ? 4 : op.equals("GRU") ? 3 : 1;
        float[] recurrent = noise(2L * gates * 20 * 20);
        for (int i = 0; i < recurrent.length; i++) {
            recurrent[i] *= 0.2f;
        }
        input("x", 700, 3, 6).constant("w", noise(2, gates * 20L, 6), 2, gates * 20L, 6)
            .constant("r", recurrent, 2, gates * 20L, 20).constant("b", noise(2, gates * 40L), 2, gates * 40L)
            .node("", op, "x w r b", "y h", "hidden_size", 20, "direction", "bidirectional").check(2e-4, "y", "h");
    }
}
