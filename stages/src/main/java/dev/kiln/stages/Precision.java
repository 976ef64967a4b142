package dev.kiln.stages;

import dev.kiln.ops.KilnException;
import java.util.Arrays;
import java.util.stream.Collectors;

/** What products with constant f32 weights are computed with; everything else stays as the model has it. */
public enum Precision {
    /** f32 weights and activations. */
    FP32("fp32"),
    /** Both in bf16, summed in f32. */
    BF16("bf16"),
    /** i8 weights with one scale for each output. */
    INT8_WOQ("int8-woq"),
    /** Weights of 4 bits with a scale and a zero for each group of inputs of each output. */
    INT4_WOQ("int4-woq");

    private final String text;

    Precision(String text) {
        this.text = text;
    }

    /** As it is written on the command line. */
    public String text() {
        return text;
    }

    /** @throws KilnException.BadInput if there is none of that name */
    public static Precision parse(String text) {
        return Arrays.stream(values()).filter(p -> p.text.equals(text)).findFirst()
            .orElseThrow(() -> new KilnException.BadInput("precision " + text + " is not known; use "
                + Arrays.stream(values()).map(Precision::text).collect(Collectors.joining(", "))));
    }

    @Override
    public String toString() {
        return text;
    }
}
