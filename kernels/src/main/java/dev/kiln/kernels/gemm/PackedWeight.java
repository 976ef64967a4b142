package dev.kiln.kernels.gemm;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.LongStream;

/**
 * The packed form of a constant B[k, n]: {@code ceil(n / nr)} panels, one after the other, each {@code [k,
 * nr]} and contiguous. Columns beyond n are zero. The whole is meant to start on a 64-byte boundary.
 *
 * @param micro register block, which gives nr and the element type
 * @param n     columns
 * @param k     depth
 * @param taps  of a convolution: each source row is {@code [k / taps, taps]} and is packed as {@code [taps, k /
 *              taps]}; 1 leaves the order as it is
 * @param groups weights of this form, one after the other, in the source as in the packed form
 */
public record PackedWeight(MicroGemm micro, long n, long k, long taps, long groups) {
    /** Bytes every packed weight should be aligned to. */
    public static final long ALIGNMENT = 64;
    /** Depth of one transposed block: some cache lines of each source row. */
    private static final int DEPTH_BLOCK = 64;

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
        this(micro, n, k, 1, 1);
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
        return k * micro.nr() * micro.type().bytes();
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
        return Math.multiplyExact(Math.multiplyExact(n, k), (long) micro.type().bytes());
    }

    private void packGroup(MemorySegment source, Order order, MemorySegment target) {
        LongStream range = LongStream.range(0, panels());
        (openToAllThreads(source) && openToAllThreads(target) ? range.parallel() : range).forEach(panel -> {
            MemorySegment slice = target.asSlice(panel * panelBytes(), panelBytes());
            int columns = (int) Math.min(micro.nr(), n - panel * micro.nr());
            if (columns < micro.nr()) {
                slice.fill((byte) 0);
            }
            switch (order) {
                case KN -> copyRows(source, panel, columns, slice);
                case NK -> {
                    if (taps == 1) {
                        transpose(source, panel, columns, slice);
                    } else {
                        transposeTaps(source, panel, columns, slice);
                    }
                }
            }
        });
    }

    private static boolean openToAllThreads(MemorySegment segment) {
        return segment.isAccessibleBy(Thread.ofVirtual().unstarted(() -> { }));
    }

    private void copyRows(MemorySegment source, long panel, int columns, MemorySegment slice) {
        int bytes = micro.type().bytes();
        long width = (long) columns * bytes;
        for (long row = 0; row < k; row++) {
            MemorySegment.copy(source, (row * n + panel * micro.nr()) * bytes, slice,
                    row * micro.nr() * bytes, width);
        }
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
        int[] row = new int[DEPTH_BLOCK];
        int[] tile = new int[DEPTH_BLOCK * nr];
        for (long from = 0; from < k; from += DEPTH_BLOCK) {
            int depth = (int) Math.min(DEPTH_BLOCK, k - from);
            for (int column = 0; column < columns; column++) {
                MemorySegment.copy(source, INT, ((panel * nr + column) * k + from) * Integer.BYTES, row, 0, depth);
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
