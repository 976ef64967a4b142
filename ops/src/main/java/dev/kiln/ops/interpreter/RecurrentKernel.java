package dev.kiln.ops.interpreter;

import dev.kiln.ops.aten.RecurrentOps;
import dev.kiln.ops.aten.RecurrentOps.Mode;
import dev.kiln.ops.graph.ConstantValue;

/** A recurrent layer, step by step and sequence by sequence. */
final class RecurrentKernel {
    private final ConstantValue products;
    private final ConstantValue weight;
    private final ConstantValue bias;
    private final Mode mode;
    private final int batch;
    private final int size;

    private RecurrentKernel(Frame frame) {
        products = frame.value(0);
        weight = frame.value(1);
        bias = frame.value(2);
        mode = RecurrentOps.mode(frame.args());
        batch = (int) (long) products.sizes().get(1);
        size = (int) (long) weight.sizes().get(1);
    }

    static ConstantValue run(Frame frame) {
        RecurrentKernel kernel = new RecurrentKernel(frame);
        ConstantValue out = frame.allocate(0);
        int steps = (int) (long) kernel.products.sizes().get(0);
        for (int b = 0; b < kernel.batch; b++) {
            double[] hidden = kernel.row(frame.value(3), b);
            double[] cell = kernel.row(frame.value(4), b);
            long length = frame.args().isNone(5) ? steps : frame.value(5).longAt(b);
            for (int i = 0; i < steps; i++) {
                int t = frame.args().bool(7) ? steps - 1 - i : i;
                if (t < length) {
                    hidden = kernel.step(t, b, hidden, cell);
                    kernel.store(out, t, b, hidden);
                }
            }
            kernel.store(out, steps, b, hidden);
            kernel.store(out, steps + 1, b, cell);
        }
        return out;
    }

    private double[] row(ConstantValue matrix, int b) {
        double[] row = new double[size];
        for (int j = 0; j < size; j++) {
            row[j] = matrix.doubleAt((long) b * size + j);
        }
        return row;
    }

    private void store(ConstantValue out, int t, int b, double[] row) {
        for (int j = 0; j < size; j++) {
            out.set(((long) t * batch + b) * size + j, row[j]);
        }
    }

    /** The next hidden state; the cell state is changed in its place. */
    private double[] step(int t, int b, double[] hidden, double[] cell) {
        double[] next = new double[size];
        double[] reset = new double[size];
        for (int j = 0; j < size && mode == Mode.GRU; j++) {
            reset[j] = sigmoid(x(t, b, 1, j) + recurrent(1, j, hidden)) * hidden[j];
        }
        for (int j = 0; j < size; j++) {
            next[j] = switch (mode) {
                case RNN_TANH -> Math.tanh(x(t, b, 0, j) + recurrent(0, j, hidden));
                case RNN_RELU -> Math.max(0, x(t, b, 0, j) + recurrent(0, j, hidden));
                case GRU -> gru(t, b, j, hidden, recurrent(2, j, reset));
                case GRU_AFTER -> gru(t, b, j, hidden,
                    sigmoid(x(t, b, 1, j) + recurrent(1, j, hidden)) * recurrent(2, j, hidden));
                case LSTM -> {
                    cell[j] = sigmoid(x(t, b, 2, j) + recurrent(2, j, hidden)) * cell[j]
                        + sigmoid(x(t, b, 0, j) + recurrent(0, j, hidden)) * Math.tanh(x(t, b, 3, j)
                            + recurrent(3, j, hidden));
                    yield sigmoid(x(t, b, 1, j) + recurrent(1, j, hidden)) * Math.tanh(cell[j]);
                }
            };
        }
        return next;
    }

    private double gru(int t, int b, int j, double[] hidden, double inner) {
        double update = sigmoid(x(t, b, 0, j) + recurrent(0, j, hidden));
        return (1 - update) * Math.tanh(x(t, b, 2, j) + inner) + update * hidden[j];
    }

    private double x(int t, int b, int gate, int j) {
        return products.doubleAt((((long) t * batch + b) * mode.gates() + gate) * size + j);
    }

    private double recurrent(int gate, int j, double[] hidden) {
        double sum = bias.doubleAt((long) gate * size + j);
        for (int k = 0; k < size; k++) {
            sum += weight.doubleAt(((long) gate * size + j) * size + k) * hidden[k];
        }
        return sum;
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }
}
