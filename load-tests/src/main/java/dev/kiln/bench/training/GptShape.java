package dev.kiln.bench.training;

/** The GPT that is trained: pre-norm blocks of causal attention and a GELU layer of four times the width. */
public record GptShape(int vocabulary, int layers, int width, int heads, int batch, int sequence) {
    /** Four layers of 256, 8 heads, 8 sequences of 128 bytes. */
    public static final GptShape SMALL = new GptShape(256, 4, 256, 8, 8, 128);

    public int headWidth() {
        return width / heads;
    }

    public int tokens() {
        return batch * sequence;
    }

    /** Floating-point operations of a step: two for each weight and token forward, four backward; and attention's. */
    public double flops() {
        double weights = layers * 12.0 * width * width + (double) vocabulary * width;
        double attention = layers * 4.0 * sequence * width / 2;
        return 6 * weights * tokens() + 3 * attention * tokens();
    }
}
