package dev.kiln.demo;

import dev.kiln.kernels.runtime.Tensor;

/** From token states to one unit vector a sentence, and how alike two of them are. */
final class Embeddings {
    private Embeddings() {
    }

    /**
     * The mean of each row's token states, padding left out, scaled to length 1.
     *
     * @param states f32[batch, sequence, width]
     * @param mask [batch][sequence], 0 for padding
     * @return [batch][width]
     */
    static float[][] pool(Tensor states, long[][] mask) {
        int sequence = Math.toIntExact(states.size(1));
        int width = Math.toIntExact(states.size(2));
        float[] values = states.toFloatArray();
        float[][] pooled = new float[mask.length][];
        for (int row = 0; row < mask.length; row++) {
            double[] sum = new double[width];
            for (int token = 0; token < sequence; token++) {
                if (mask[row][token] != 0) {
                    addTo(sum, values, (row * sequence + token) * width);
                }
            }
            pooled[row] = unit(sum);
        }
        return pooled;
    }

    private static void addTo(double[] sum, float[] values, int from) {
        for (int i = 0; i < sum.length; i++) {
            sum[i] += values[from + i];
        }
    }

    /** The direction of a vector; the mean and the sum of states have the same one. */
    private static float[] unit(double[] vector) {
        double squares = 0;
        for (double x : vector) {
            squares += x * x;
        }
        double scale = squares == 0 ? 0 : 1 / Math.sqrt(squares);
        float[] unit = new float[vector.length];
        for (int i = 0; i < unit.length; i++) {
            unit[i] = (float) (vector[i] * scale);
        }
        return unit;
    }

    /** Cosine similarities of unit vectors, [n][n]. */
    static double[][] similarities(float[][] units) {
        double[][] table = new double[units.length][units.length];
        for (int i = 0; i < units.length; i++) {
            for (int j = 0; j < units.length; j++) {
                for (int k = 0; k < units[i].length; k++) {
                    table[i][j] += (double) units[i][k] * units[j][k];
                }
            }
        }
        return table;
    }
}
