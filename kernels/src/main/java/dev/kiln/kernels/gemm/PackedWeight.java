package dev.kiln.kernels.gemm;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.stream.LongStream;

/**
 * The packed form of a constant B[k, n]: {@code ceil(n / nr)} panels, one after the other, each {@code [k / d, nr, d]}
 * and contiguous, where d numbers along k lie side by side: as many as one lane multiplies, or as make a word of nibbles.
 * Columns beyond n are zero, and so are rows beyond k. Where A's bytes are shifted, each panel ends with what its sums
 * begin with. The whole is meant to start on a 64-byte boundary.
 *
 * @param micro register block, which gives nr and the element type
 * @param types of the product: the weight is packed as it is stored
 * @param n     columns
 * @param k     depth, in numbers
 * @param taps  of a convolution: each source row is {@code [k / taps, taps]} and is packed as {@code [taps, k /
 *              taps]}; 1 leaves the order as it is
 * @param groups weights of this form, one after the other, in the source as in the packed form
 */
public record PackedWeight(MicroGemm micro, GemmTypes types, long n, long k, long taps, long groups) {
    /** Bytes every packed weight should be aligned to. */
    public static final long ALIGNMENT = 64;
    /** Depth of one transposed block: some cache lines of each source row. */
    private static final int DEPTH_BLOCK = 64;

    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

    /** How the unpacked weight lies in memory, contiguous in both cases. */
    public enum Order {
        /** {@code [k, n]}: the right operand of a product. */
        KN,
        /** {@code [n, k]}: the weight of a linear layer, to be transposed. */
        NK
    }

    public PackedWeight {
        if (n < 1 || k < 1) {
            throw new IllegalArgumentException("a weight needs n and k of at least 1, not " + n + ", " + k);
        }
        if (taps > 1 && micro.type().bytes() != Integer.BYTES) {
            throw new IllegalArgumentException("convolutions are packed in 4-byte elements, not " + micro.type());
        }
        if (taps < 1 || k % taps != 0) {
            throw new IllegalArgumentException(taps + " taps do not divide a depth of " + k);
        }
    }

    public PackedWeight(MicroGemm micro, long n, long k) {
        this(micro, GemmTypes.of(micro.type()), n, k, 1, 1);
    }

    /** Elements of a column, padding included. */
    long elements() {
        long packed = Math.ceilDiv(k, (long) types.packedDepth()) * types.packedDepth() / types.compute().depth();
        return Math.ceilDiv(packed, (long) micro.kStep()) * micro.kStep();
    }

    /** Packed rows: groups of numbers along k that lie side by side. */
    private long rows() {
        return elements() * types.compute().depth() / types.packedDepth();
    }

    public long panels() {
        return Math.ceilDiv(n, micro.nr());
    }

    /** Size of the packed form in bytes. */
    public long bytes() {
        return Math.multiplyExact(groups, groupBytes());
    }

    /** Size of one group's packed form in bytes. */
    public long groupBytes() {
        return Math.multiplyExact(panels(), panelBytes());
    }

    private long panelBytes() {
        return rows() * micro.nr() * types.packedBytes() + (types.shiftsInput() ? (long) micro.nr() * Integer.BYTES : 0);
    }

    /** Packs into new memory of {@code arena}. */
    public MemorySegment pack(MemorySegment source, Order order, Arena arena) {
        MemorySegment target = arena.allocate(bytes(), ALIGNMENT);
        pack(source, order, target);
        return target;
    }

    /**
     * Packs {@code source}, panels in parallel unless a segment is confined to this thread.
     *
     * @throws IllegalArgumentException if source holds fewer than {@code n * k} elements or target fewer than
     *                                  {@link #bytes()} bytes
     */
    public void pack(MemorySegment source, Order order, MemorySegment target) {
        long needed = Math.multiplyExact(groups, sourceBytes());
        if (taps > 1 && order == Order.KN) {
            throw new IllegalArgumentException("the weight of a convolution lies as [n, k]");
        }
        if (order == Order.KN && types.weight() == Stored.NIBBLES) {
            throw new IllegalArgumentException("nibbles lie as [n, k]");
        }
        if (source.byteSize() < needed || target.byteSize() < bytes()) {
            throw new IllegalArgumentException("packing a weight of " + k + "x" + n + " needs " + needed
                    + " bytes of source and " + bytes() + " of target, not " + source.byteSize() + " and "
                    + target.byteSize());
        }
        for (long group = 0; group < groups; group++) {
            packGroup(source.asSlice(group * sourceBytes(), sourceBytes()), order,
                    target.asSlice(group * groupBytes(), groupBytes()));
        }
    }

    private long sourceBytes() {
        return types.weight().bytes(Math.multiplyExact(n, k));
    }

    private void packGroup(MemorySegment source, Order order, MemorySegment target) {
        LongStream range = LongStream.range(0, panels());
        (openToAllThreads(source) && openToAllThreads(target) ? range.parallel() : range).forEach(panel -> {
            MemorySegment slice = target.asSlice(panel * panelBytes(), panelBytes());
            int columns = (int) Math.min(micro.nr(), n - panel * micro.nr());
            if (columns < micro.nr() || rows() * types.packedDepth() > k) {
                slice.fill((byte) 0);
            }
            switch (order) {
                case KN -> {
                    if (types.packedDepth() == 1) {
                        copyRows(source, panel, columns, slice);
                    } else {
                        interleaveRows(source, panel, columns, slice);
                    }
                }
                case NK -> {
                    if (types.packedBytes() != micro.type().bytes() || rows() * types.packedDepth() != k) {
                        gatherColumns(source, panel, columns, slice);
                    } else if (taps == 1) {
                        transpose(source, panel, columns, slice);
                    } else {
                        transposeTaps(source, panel, columns, slice);
                    }
                }
            }
            if (types.shiftsInput()) {
                addFirstSums(slice);
            }
        });
    }

    /** What sums begin with, for inputs that are 128 too large. */
    private void addFirstSums(MemorySegment panel) {
        int[] sums = new int[micro.nr()];
        int width = micro.nr() * types.packedBytes();
        byte[] row = new byte[width];
        for (long r = 0; r < rows(); r++) {
            MemorySegment.copy(panel, BYTE, r * width, row, 0, width);
            for (int i = 0; i < width; i++) {
                sums[i / types.packedDepth()] -= 128 * row[i];
            }
        }
        MemorySegment.copy(sums, 0, panel, INT, rows() * width, sums.length);
    }

    private static boolean openToAllThreads(MemorySegment segment) {
        return segment.isAccessibleBy(Thread.ofVirtual().unstarted(() -> { }));
    }

    private void copyRows(MemorySegment source, long panel, int columns, MemorySegment slice) {
        int bytes = types.packedBytes();
        long width = (long) columns * bytes;
        for (long row = 0; row < k; row++) {
            MemorySegment.copy(source, (row * n + panel * micro.nr()) * bytes, slice,
                    row * micro.nr() * bytes, width);
        }
    }

    /** Numbers of d rows side by side. */
    private void interleaveRows(MemorySegment source, long panel, int columns, MemorySegment slice) {
        int bytes = (int) types.weight().bytes(1);
        int depth = types.packedDepth();
        byte[] row = new byte[columns * bytes];
        byte[] packed = new byte[micro.nr() * types.packedBytes()];
        for (long from = 0; from < k; from += depth) {
            Arrays.fill(packed, (byte) 0);
            for (int d = 0; d < depth && from + d < k; d++) {
                MemorySegment.copy(source, BYTE, ((from + d) * n + panel * micro.nr()) * bytes, row, 0, row.length);
                for (int i = 0; i < row.length; i++) {
                    packed[(i / bytes * depth + d) * bytes + i % bytes] = row[i];
                }
            }
            MemorySegment.copy(packed, 0, slice, BYTE, from / depth * packed.length, packed.length);
        }
    }

    /** Columns whose packed items are not of the element's size, or whose last one is not whole. */
    private void gatherColumns(MemorySegment source, long panel, int columns, MemorySegment slice) {
        int item = types.packedBytes();
        int length = Math.toIntExact(types.weight().bytes(k));
        int step = micro.nr() * item;
        byte[] column = new byte[Math.toIntExact(rows() * item)];
        byte[] packed = new byte[Math.toIntExact(rows() * step)];
        for (int c = 0; c < columns; c++) {
            MemorySegment.copy(source, BYTE, (panel * micro.nr() + c) * length, column, 0, length);
            for (int from = 0, to = c * item; from < column.length; from += item, to += step) {
                for (int i = 0; i < item; i++) {
                    packed[to + i] = column[from + i];
                }
            }
        }
        MemorySegment.copy(packed, 0, slice, BYTE, 0, packed.length);
    }

    /** The even nibbles of a word in its lower half, the odd ones in its upper half: pairs of numbers are side by side. */
    private static int evenThenOdd(int word) {
        int packed = 0;
        for (int i = 0; i < 8; i++) {
            packed |= (word >>> 4 * i & 15) << (i / 2 * 4 + i % 2 * 16);
        }
        return packed;
    }

    private void transpose(MemorySegment source, long panel, int columns, MemorySegment slice) {
        if (micro.type().bytes() == Integer.BYTES) {
            transposeInts(source, panel, columns, slice);
            return;
        }
        for (long from = 0; from < k; from += DEPTH_BLOCK) {
            int depth = (int) Math.min(DEPTH_BLOCK, k - from);
            for (int column = 0; column < columns; column++) {
                long read = (panel * micro.nr() + column) * k + from;
                scatterLongs(source, read * Long.BYTES, slice, (from * micro.nr() + column) * Long.BYTES, depth);
            }
        }
    }

    /** Through arrays: a fresh JVM, which is where models are packed, is many times slower on segments. */
    private void transposeInts(MemorySegment source, long panel, int columns, MemorySegment slice) {
        int nr = micro.nr();
        long rows = rows();
        boolean pairs = types.weight() == Stored.NIBBLES && types.compute() == ElementType.BF16_PAIR;
        int[] row = new int[DEPTH_BLOCK];
        int[] tile = new int[DEPTH_BLOCK * nr];
        for (long from = 0; from < rows; from += DEPTH_BLOCK) {
            int depth = (int) Math.min(DEPTH_BLOCK, rows - from);
            for (int column = 0; column < columns; column++) {
                MemorySegment.copy(source, INT, ((panel * nr + column) * rows + from) * Integer.BYTES, row, 0, depth);
                for (int i = 0; pairs && i < depth; i++) {
                    row[i] = evenThenOdd(row[i]);
                }
                for (int i = 0, to = column; i < depth; i++, to += nr) {
                    tile[to] = row[i];
                }
            }
            MemorySegment.copy(tile, 0, slice, INT, from * nr * Integer.BYTES, depth * nr);
        }
    }

    /** Row by row of the source, so that it is read in order; through arrays as well. */
    private void transposeTaps(MemorySegment source, long panel, int columns, MemorySegment slice) {
        int nr = micro.nr();
        int channels = Math.toIntExact(k / taps);
        int depth = Math.toIntExact(k);
        int[] row = new int[depth];
        int[] packed = new int[Math.multiplyExact(depth, nr)];
        for (int column = 0; column < columns; column++) {
            MemorySegment.copy(source, INT, (panel * nr + column) * k * Integer.BYTES, row, 0, depth);
            for (int c = 0, from = 0; c < channels; c++) {
                for (int t = 0; t < taps; t++, from++) {
                    packed[(t * channels + c) * nr + column] = row[from];
                }
            }
        }
        MemorySegment.copy(packed, 0, slice, INT, 0, packed.length);
    }

    private void scatterLongs(MemorySegment source, long read, MemorySegment slice, long write, int depth) {
        for (int i = 0; i < depth; i++) {
            long at = write + (long) i * micro.nr() * Long.BYTES;
            slice.set(LONG, at, source.get(LONG, read + (long) i * Long.BYTES));
        }
    }
}
