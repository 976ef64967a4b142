package dev.kiln.ops.metadata;

import java.util.Arrays;
import java.util.Optional;

/** The order of a result's strides, by PyTorch's names. */
public enum MemoryFormat {
    CONTIGUOUS("contiguous_format"), PRESERVE("preserve_format"), CHANNELS_LAST("channels_last"),
    CHANNELS_LAST_3D("channels_last_3d");

    private final String text;

    MemoryFormat(String text) {
        this.text = text;
    }

    public static Optional<MemoryFormat> parse(String text) {
        return Arrays.stream(values()).filter(f -> f.text.equals(text)).findFirst();
    }

    @Override
    public String toString() {
        return text;
    }
}
