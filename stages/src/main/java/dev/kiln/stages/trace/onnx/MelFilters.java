package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.ConstantValue;
import java.util.List;

/** Triangular filters that turn a linear spectrum into one on the mel scale: [spectrogram bins, mel bins]. */
final class MelFilters {
    private MelFilters() {
    }

    static ConstantValue of(NodeImport n) {
        int bins = (int) n.integer(0, "num_mel_bins");
        long length = n.integer(1, "dft_length");
        long rate = n.integer(2, "sample_rate");
        double low = mel(n.required(3, "lower_edge_hertz").doubleAt(0));
        double high = mel(n.required(4, "upper_edge_hertz").doubleAt(0));
        long[] edges = new long[bins + 2];
        for (int i = 0; i < edges.length; i++) {
            double hertz = 700 * (Math.pow(10, (low + i * (high - low) / edges.length) / 2595) - 1);
            edges[i] = (long) Math.floor((length + 1) * hertz / rate);
        }
        DType dtype = OnnxTypes.dtype((int) n.attributes().integer("output_datatype", 1), "output_datatype");
        ConstantValue filters = ConstantValue.allocate(dtype, List.of(length / 2 + 1, (long) bins));
        for (int i = 0; i < bins; i++) {
            triangle(filters, i, edges[i], edges[i + 1], edges[i + 2]);
        }
        return filters;
    }

    private static double mel(double hertz) {
        return 2595 * Math.log10(1 + hertz / 700);
    }

    /** Rises from the first edge to the second, falls to the third. */
    private static void triangle(ConstantValue filters, int column, long from, long top, long to) {
        long columns = filters.sizes().get(1);
        if (from == top) {
            filters.set(top * columns + column, 1.0);
        }
        for (long j = from; from < top && j <= top; j++) {
            filters.set(j * columns + column, (double) (j - from) / (top - from));
        }
        for (long j = top; j < to; j++) {
            filters.set(j * columns + column, (double) (to - j) / (to - top));
        }
    }
}
