package dev.kiln.ops.aten;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.schema.OpKind;
import dev.kiln.ops.schema.OpTable.Registry;
import dev.kiln.ops.schema.ShapeFunction;
import dev.kiln.ops.shape.SymInt;
import java.util.List;

/**
 * A layer of a recurrent network in one direction, as a loop over its steps.
 *
 * <p>{@code products} [steps, batch, gates * hidden] are the products of the inputs with their weights, bias included;
 * {@code weight} [gates * hidden, hidden] and {@code bias} [gates * hidden] belong to the hidden state; {@code hidden}
 * and {@code cell} [batch, hidden] are the states before the first step ({@code cell} is read by an LSTM only);
 * {@code lengths} [batch], i64, says how many steps each sequence has: later ones give zeros and keep the state. The
 * result [steps + 2, batch, hidden] has the hidden state of each step, in the order of time, then the last hidden and
 * the last cell state. Gates lie side by side in ONNX's order: z r h, or i o f c. All tensors but the lengths are f32.
 */
public final class RecurrentOps {
    public static final String RECURRENT = "kiln.recurrent.default";

    /** What a step computes. */
    public enum Mode {
        RNN_TANH(1), RNN_RELU(1),
        /** The reset gate is applied to the hidden state before its product. */
        GRU(3),
        /** The reset gate is applied to the product, as in PyTorch. */
        GRU_AFTER(3),
        LSTM(4);

        private final int gates;

        Mode(int gates) {
            this.gates = gates;
        }

        public int gates() {
            return gates;
        }
    }

    private RecurrentOps() {
    }

    static void register(Registry r) {
        r.internal("recurrent.default(Tensor products, Tensor weight, Tensor bias, Tensor hidden, Tensor cell, "
            + "Tensor? lengths, str mode, bool reverse) -> Tensor", OpKind.SEQUENTIAL,
            ShapeFunction.single(RecurrentOps::shape));
    }

    /** The mode among the arguments. */
    public static Mode mode(OpArgs a) {
        try {
            return Mode.valueOf(a.string(6));
        } catch (IllegalArgumentException e) {
            throw a.error("there is no mode '" + a.string(6) + "'");
        }
    }

    private static FakeTensor shape(OpArgs a) {
        int gates = mode(a).gates();
        for (int i = 0; i < 5; i++) {
            int rank = List.of(3, 2, 1, 2, 2).get(i);
            if (a.tensor(i).rank() != rank || a.tensor(i).dtype() != DType.F32) {
                throw a.error("operand " + i + " must be f32 of rank " + rank + ", got " + a.tensor(i));
            }
        }
        SymInt hidden = a.tensor(1).size(1);
        SymInt batch = a.tensor(0).size(1);
        require(a, 0, 2, hidden.times(gates));
        require(a, 1, 0, hidden.times(gates));
        require(a, 2, 0, hidden.times(gates));
        for (int state = 3; state < 5; state++) {
            require(a, state, 0, batch);
            require(a, state, 1, hidden);
        }
        if (!a.isNone(5)) {
            if (a.tensor(5).rank() != 1 || a.tensor(5).dtype() != DType.I64) {
                throw a.error("lengths must be a vector of i64, got " + a.tensor(5));
            }
            require(a, 5, 0, batch);
        }
        return FakeTensor.contiguous(DType.F32, List.of(a.tensor(0).size(0).plus(2), batch, hidden));
    }

    private static void require(OpArgs a, int operand, int dim, SymInt size) {
        a.shapes().require(a.tensor(operand).size(dim), size,
            RECURRENT + ", dimension " + dim + " of operand " + operand);
    }
}
