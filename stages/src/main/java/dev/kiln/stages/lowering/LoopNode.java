package dev.kiln.stages.lowering;

import dev.kiln.kernels.conv.Window;
import dev.kiln.ops.aten.RecurrentOps;
import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.scalar.ScalarOp;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.schedule.Indices;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** A node of the loop IR: something that fills (a part of) one buffer. Variables of dimensions of size 1 do not occur. */
public sealed interface LoopNode {
    Buffer output();

    /** Names of the graph nodes that it comes from, in topological order. */
    List<String> origins();

    /** Names of the buffers that it reads. */
    Set<String> reads();

    /** Memory that the node needs while it runs. */
    default Optional<Buffer> scratch() {
        return Optional.empty();
    }

    /** The same node writing to another buffer of the same layout. */
    LoopNode withOutput(Buffer other);

    /** {@code output[store(i)] = body(i)} for all i in {@code sizes}. */
    record Pointwise(Buffer output, List<SymInt> sizes, SymInt store, Scalar body, List<String> origins)
            implements LoopNode {
        public Pointwise {
            Map<String, SymInt> units = LoopVars.units(sizes, LoopVars::output);
            store = units.isEmpty() ? store : store.substitute(units);
            body = units.isEmpty() ? body : Indices.substitute(body, units);
        }

        @Override
        public Set<String> reads() {
            return buffersOf(body);
        }

        @Override
        public LoopNode withOutput(Buffer other) {
            return new Pointwise(other, sizes, store, body, origins);
        }
    }

    /** {@code output[i] = fold(body(i, r) for r in reduced)}; the output is contiguous over {@code sizes}. */
    record Reduction(Buffer output, List<SymInt> sizes, List<SymInt> reduced, ReduceOp op, Scalar body,
            List<String> origins) implements LoopNode {
        public Reduction {
            Map<String, SymInt> units = LoopVars.units(sizes, LoopVars::output);
            units.putAll(LoopVars.units(reduced, LoopVars::reduced));
            body = units.isEmpty() ? body : Indices.substitute(body, units);
        }

        @Override
        public Set<String> reads() {
            return buffersOf(body);
        }

        @Override
        public LoopNode withOutput(Buffer other) {
            return new Reduction(other, sizes, reduced, op, body, origins);
        }
    }

    /** A node whose output is a matrix that it finishes in tiles, so that pointwise nodes can join it. */
    sealed interface Matrix extends LoopNode {
        SymInt m();

        long n();
    }

    /**
     * {@code output[m, n] = sum_k a[m, k] * right[k, n]}; K and N are fixed, M may be symbolic. Both may be of shorter
     * numbers than the output, which has the dtype of the sums: f32, or i32 for bytes.
     *
     * @param a elements of a row dense; where the right side is no constant, elements of a column may be dense instead
     */
    record Linear(Buffer output, Operand a, Right right, SymInt m, long n, long k, Optional<Groups> groups,
            List<String> origins) implements Matrix {

        /**
         * A right side [K, N].
         *
         * @param transposed whether its numbers lie side by side along K
         * @param panels what it is packed into when the node runs; empty for a constant, which is a whole buffer and is
         *               packed while compiling
         */
        public record Right(Operand operand, boolean transposed, Optional<Buffer> panels) {
            /** Between its rows, or if it is transposed between its columns. */
            public SymInt distance() {
                return operand.strides().get(transposed ? 1 : 0);
            }
        }

        /**
         * A weight of 4-bit numbers, two a byte: number q at (k, n) stands for {@code (q - 8) * scale + zero}.
         *
         * @param size numbers along k with a scale and a zero
         * @param parameters the buffer [K / size, N, 2] of both, constant
         */
        public record Groups(int size, String parameters) {
        }

        /** Whether it is a's columns that are dense. */
        public boolean byColumns() {
            return !a.strides().getLast().is(1);
        }

        /** The buffer of the right side. */
        public String weight() {
            return right.operand().buffer();
        }

        @Override
        public Set<String> reads() {
            return groups.map(g -> Set.of(a.buffer(), weight(), g.parameters()))
                .orElseGet(() -> new TreeSet<>(List.of(a.buffer(), weight())));
        }

        @Override
        public Optional<Buffer> scratch() {
            return right.panels();
        }

        @Override
        public LoopNode withOutput(Buffer other) {
            return new Linear(other, a, right, m, n, k, groups, origins);
        }
    }

    /**
     * A two-dimensional convolution with a constant weight [output channels, channels / groups, kernel rows, kernel
     * columns]; a matrix of pixels by output channels.
     *
     * @param output [images, rows, columns, channels]
     * @param input [images, rows, columns, channels], any strides
     */
    record Convolution(Buffer output, Operand input, String weight, Window window, long groups, List<String> origins)
            implements Matrix {
        @Override
        public SymInt m() {
            return SymInt.product(output.sizes().subList(0, 3));
        }

        @Override
        public long n() {
            return output.sizes().getLast().asLong();
        }

        public long channels() {
            return input.sizes().getLast().asLong();
        }

        /** Whether every channel has one filter of its own. */
        public boolean isDepthwise() {
            return groups > 1 && groups == channels() && groups == n();
        }

        @Override
        public Set<String> reads() {
            return Set.of(input.buffer(), weight);
        }

        @Override
        public LoopNode withOutput(Buffer other) {
            return new Convolution(other, input, weight, window, groups, origins);
        }
    }

    /**
     * {@code output[b, m, n] = sum_k left[b, m, k] * right[b, k, n]}, any strides, any sizes. Both operands may have two batch
     * dimensions instead, which b counts through.
     */
    record BatchedMatmul(Buffer output, Operand left, Operand right, List<String> origins) implements LoopNode {
        @Override
        public Set<String> reads() {
            return new TreeSet<>(List.of(left.buffer(), right.buffer()));
        }

        @Override
        public LoopNode withOutput(Buffer other) {
            return new BatchedMatmul(other, left, right, origins);
        }
    }

    /** {@code softmax(scale * Q K^T + mask) V}; operands [B, H, S, D], output laid out [B, S, H, D]. */
    record Attention(Buffer output, Operand query, Operand key, Operand value, Optional<Operand> mask, double scale,
            List<String> origins) implements LoopNode {
        @Override
        public Set<String> reads() {
            Set<String> reads = new TreeSet<>(List.of(query.buffer(), key.buffer(), value.buffer()));
            mask.ifPresent(m -> reads.add(m.buffer()));
            return reads;
        }

        @Override
        public LoopNode withOutput(Buffer other) {
            return new Attention(other, query, key, value, mask, scale, origins);
        }
    }

    /**
     * For all i in {@code sizes}, in order of {@code r0 < count}: {@code output[store(i, r0)]} is the fold of the bodies
     * so far. {@link ScanOp#ARGMAX} and {@link ScanOp#ARGMIN} give where the extreme stands.
     */
    record Scan(Buffer output, List<SymInt> sizes, SymInt count, SymInt store, ScanOp op, Scalar body,
            List<String> origins) implements LoopNode {
        @Override
        public Set<String> reads() {
            return buffersOf(body);
        }

        @Override
        public LoopNode withOutput(Buffer other) {
            return new Scan(other, sizes, count, store, op, body, origins);
        }
    }

    /**
     * For all i in {@code sizes}: {@code output[store(i, r0)]}, {@code r0 < kept}, are the places of the first elements
     * in order of the keys at {@code r0 < count}. Equal keys keep their order, NaN is above every number.
     *
     * @param scratchBuffer two words of 64 bits an element
     */
    record Sort(Buffer output, Buffer scratchBuffer, List<SymInt> sizes, SymInt count, SymInt kept, SymInt store,
            boolean descending, Scalar.Load key, List<String> origins) implements LoopNode {
        @Override
        public Set<String> reads() {
            return Set.of(key.buffer());
        }

        @Override
        public Optional<Buffer> scratch() {
            return Optional.of(scratchBuffer);
        }

        @Override
        public LoopNode withOutput(Buffer other) {
            return new Sort(other, scratchBuffer, sizes, count, kept, store, descending, key, origins);
        }
    }

    /**
     * In order of {@code r0 < count}, for all i in {@code sizes}: {@code output[store(i, _0)]} is replaced by, or folded
     * with, the body, where {@code _0} stands for {@code place}. Two different i never meet in the output, which is
     * filled before.
     */
    record Scatter(Buffer output, List<SymInt> sizes, SymInt count, SymInt store, Scalar place, Optional<ScalarOp> op,
            Scalar body, List<String> origins) implements LoopNode {
        @Override
        public Set<String> reads() {
            Set<String> reads = new TreeSet<>(buffersOf(body));
            reads.addAll(buffersOf(place));
            return reads;
        }

        @Override
        public LoopNode withOutput(Buffer other) {
            return new Scatter(other, sizes, count, store, place, op, body, origins);
        }
    }

    /**
     * The steps of a recurrent layer, in order; see {@link dev.kiln.ops.aten.RecurrentOps}.
     *
     * @param output [steps + 2, batch, hidden]
     * @param scratchBuffer {@link #STATES} states
     * @param operands dense: products, weight, bias, hidden and cell state
     */
    record Recurrent(Buffer output, Buffer scratchBuffer, List<Operand> operands, Optional<Operand> lengths,
            RecurrentOps.Mode mode, boolean reverse, List<String> origins) implements LoopNode {
        /** Hidden states that are kept at a time: the last, the next, and one under the reset gate. */
        public static final int STATES = 3;

        @Override
        public Set<String> reads() {
            Set<String> reads = new TreeSet<>();
            operands.forEach(o -> reads.add(o.buffer()));
            lengths.ifPresent(l -> reads.add(l.buffer()));
            return reads;
        }

        @Override
        public Optional<Buffer> scratch() {
            return Optional.of(scratchBuffer);
        }

        @Override
        public LoopNode withOutput(Buffer other) {
            return new Recurrent(other, scratchBuffer, operands, lengths, mode, reverse, origins);
        }
    }

    /** Suppression of overlapping boxes over dense operands; see {@link dev.kiln.ops.aten.DetectionOps}. */
    record Suppression(Buffer output, Operand corners, Operand alive, Operand limit, long most, List<String> origins)
            implements LoopNode {
        @Override
        public Set<String> reads() {
            return new TreeSet<>(List.of(corners.buffer(), alive.buffer(), limit.buffer()));
        }

        @Override
        public LoopNode withOutput(Buffer other) {
            return new Suppression(other, corners, alive, limit, most, origins);
        }
    }

    /**
     * Computes a size from data and stores it as the value of {@code symbol}. {@code COMPACT}: the output gets the
     * indices (variable i0, below {@code size}) at which the body is true, their count is the value. {@code NUMBER}:
     * the body is the value, within {@code [min, max]}, and also the output's only element.
     */
    record DataSize(Buffer output, Rule rule, SymInt size, Scalar body, String symbol, long min, long max,
            List<String> origins) implements LoopNode {
        public enum Rule { COMPACT, NUMBER }

        @Override
        public Set<String> reads() {
            return buffersOf(body);
        }

        @Override
        public LoopNode withOutput(Buffer other) {
            return new DataSize(other, rule, size, body, symbol, min, max, origins);
        }
    }

    /**
     * Fourier transforms of lines of {@code count} numbers, one for each i in {@code sizes}. The element r0 of a line is
     * {@code key}, part r1 of it where elements are pairs; likewise {@code store}.
     *
     * @param table [2 count, 2], the roots of unity of order 2 count, clockwise
     */
    record Fourier(Buffer output, Rule rule, boolean inverse, List<SymInt> sizes, SymInt count, SymInt store,
            Scalar.Load key, String table, List<String> origins) implements LoopNode {
        public enum Rule { COMPLEX, OF_REALS, TO_REALS }

        @Override
        public Set<String> reads() {
            return new TreeSet<>(List.of(key.buffer(), table));
        }

        @Override
        public LoopNode withOutput(Buffer other) {
            return new Fourier(other, rule, inverse, sizes, count, store, key, table, origins);
        }
    }

    static Set<String> buffersOf(Scalar body) {
        Set<String> buffers = new TreeSet<>();
        body.rewrite(s -> {
            switch (s) {
                case Scalar.Load load -> buffers.add(load.buffer());
                case Scalar.Gather gather -> buffers.add(gather.buffer());
                default -> { }
            }
            return s;
        });
        return buffers;
    }
}
