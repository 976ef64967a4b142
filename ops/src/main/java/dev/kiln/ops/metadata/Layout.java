package dev.kiln.ops.metadata;

import java.util.Arrays;
import java.util.Optional;

/** How a tensor's elements are organised, by PyTorch's names. */
public enum Layout {
    STRIDED("strided"), SPARSE_COO("sparse_coo"), SPARSE_CSR("sparse_csr"), SPARSE_CSC("sparse_csc"),
    SPARSE_BSR("sparse_bsr"), SPARSE_BSC("sparse_bsc"), MKLDNN("_mkldnn"), JAGGED("jagged");

    private final String text;

    Layout(String text) {
        this.text = text;
    }

    public static Optional<Layout> parse(String text) {
        return Arrays.stream(values()).filter(l -> l.text.equals(text)).findFirst();
    }

    @Override
    public String toString() {
        return text;
    }
}
