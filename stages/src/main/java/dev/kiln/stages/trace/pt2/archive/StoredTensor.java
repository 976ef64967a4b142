package dev.kiln.stages.trace.pt2.archive;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.stages.trace.AlignedData;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * A strided view of a storage in the archive.
 *
 * @param storage names the storage: tensors of one archive that share a name share memory
 * @param bytes the whole storage, a part of the mapped file
 * @param offset in elements, as sizes and strides
 */
public record StoredTensor(String storage, MemorySegment bytes, DType dtype, List<Long> sizes, List<Long> strides,
        long offset) {
    /** A view that repeats elements may become this large when it is written out. */
    private static final long MAX_REPEATED = 1L << 28;

    /** What is equal if and only if two tensors of one archive are the same view. */
    public record View(String storage, DType dtype, List<Long> sizes, List<Long> strides, long offset) {
    }

    public View view() {
        return new View(storage, dtype, sizes, strides, offset);
    }

    /**
     * The elements in row-major order: a part of the file where they lie so and are aligned, else a copy outside
     * the heap.
     *
     * @throws KilnException.BadInput if the view leads outside its storage
     */
    public ConstantValue value(String what) {
        long numel = checkedNumel(what);
        if (numel == 0) {
            return ConstantValue.allocate(dtype, sizes);
        }
        requireInside(what, numel);
        int width = dtype.bytes();
        if (isDense()) {
            MemorySegment part = bytes.asSlice(offset * width, numel * width);
            return new ConstantValue(dtype, sizes, AlignedData.of(part, dtype));
        }
        ConstantValue value = ConstantValue.allocate(dtype, sizes);
        new Gather(value.data()).run(0, offset);
        return value;
    }

    private long checkedNumel(String what) {
        if (sizes.size() != strides.size() || sizes.size() > 64) {
            throw impossible(what);
        }
        long numel = 1;
        for (int d = 0; d < sizes.size(); d++) {
            long size = sizes.get(d);
            if (size < 0 || strides.get(d) < 0 || size > 0 && numel > Long.MAX_VALUE / 16 / size) {
                throw impossible(what);
            }
            numel *= size;
        }
        return numel;
    }

    private void requireInside(String what, long numel) {
        long last = offset;
        try {
            for (int d = 0; d < sizes.size(); d++) {
                last = Math.addExact(last, Math.multiplyExact(sizes.get(d) - 1, strides.get(d)));
            }
        } catch (ArithmeticException e) {
            throw impossible(what);
        }
        if (offset < 0 || last >= bytes.byteSize() / dtype.bytes()) {
            throw new KilnException.BadInput(what + ": " + dtype + sizes + " with strides " + strides + " and offset "
                + offset + " does not fit its storage of " + bytes.byteSize() + " bytes");
        }
        if (numel * dtype.bytes() > Math.max(bytes.byteSize(), MAX_REPEATED)) {
            throw new KilnException.Unsupported(what + ": " + dtype + sizes + " repeats the few elements of its storage"
                + " too often");
        }
    }

    private KilnException.BadInput impossible(String what) {
        return new KilnException.BadInput(what + " has impossible sizes " + sizes + " with strides " + strides);
    }

    private boolean isDense() {
        long stride = 1;
        for (int d = sizes.size() - 1; d >= 0; d--) {
            if (sizes.get(d) != 1 && strides.get(d) != stride) {
                return false;
            }
            stride *= sizes.get(d);
        }
        return true;
    }

    /** Copies element by element, in row-major order. */
    private final class Gather {
        private final MemorySegment to;
        private final int width = dtype.bytes();
        private long next;

        Gather(MemorySegment to) {
            this.to = to;
        }

        void run(int dim, long from) {
            if (dim == sizes.size()) {
                copy(from);
                return;
            }
            long stride = strides.get(dim);
            for (long i = 0; i < sizes.get(dim); i++) {
                run(dim + 1, from + i * stride);
            }
        }

        private void copy(long from) {
            switch (width) {
                case 1 -> to.set(ValueLayout.JAVA_BYTE, next, bytes.get(ValueLayout.JAVA_BYTE, from));
                case 2 -> to.set(ValueLayout.JAVA_SHORT, next, bytes.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2 * from));
                case 4 -> to.set(ValueLayout.JAVA_INT, next, bytes.get(ValueLayout.JAVA_INT_UNALIGNED, 4 * from));
                default -> to.set(ValueLayout.JAVA_LONG, next, bytes.get(ValueLayout.JAVA_LONG_UNALIGNED, 8 * from));
            }
            next += width;
        }
    }
}
