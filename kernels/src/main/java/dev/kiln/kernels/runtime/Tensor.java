package dev.kiln.kernels.runtime;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * A tensor in memory: a view of {@code data} by sizes and strides, both counted in elements. Element (0, ...,
 * 0) lies at the start of {@code data}. The memory belongs to whoever allocated it; tensors made from Java
 * arrays live as long as they are reachable. Sizes may be 0; a tensor without dimensions has one element.
 */
public final class Tensor {
    /** Alignment of allocated tensors, in bytes: a cache line and the widest vector. */
    public static final long ALIGNMENT = 64;

    private final MemorySegment data;
    private final DType dtype;
    private final long[] shape;
    private final long[] strides;

    private Tensor(MemorySegment data, DType dtype, long[] shape, long[] strides) {
        this.data = data;
        this.dtype = dtype;
        this.shape = shape;
        this.strides = strides;
    }

    /**
     * A view of existing memory.
     *
     * @param strides elements between neighbours along each dimension, at least 0
     * @throws KilnException.BadInput when the view would reach outside {@code data}
     */
    public static Tensor of(MemorySegment data, DType dtype, long[] shape, long[] strides) {
        Layouts.check(data.byteSize(), dtype, shape, strides);
        return new Tensor(data, dtype, shape.clone(), strides.clone());
    }

    /** A row-major view of existing memory. */
    public static Tensor of(MemorySegment data, DType dtype, long... shape) {
        return of(data, dtype, shape, Layouts.rowMajor(shape));
    }

    /** A row-major tensor of zeros in {@code arena}. */
    public static Tensor allocate(DType dtype, Arena arena, long... shape) {
        long bytes = Math.max(1, Layouts.bytes(dtype, shape));
        return new Tensor(arena.allocate(bytes, ALIGNMENT), dtype, shape.clone(), Layouts.rowMajor(shape));
    }

    /** A row-major tensor of zeros that lives as long as it is reachable. */
    public static Tensor allocate(DType dtype, long... shape) {
        return automatic(dtype, true, shape);
    }

    /** As {@link #allocate(DType, long...)}, with whatever content, for those who fill it anyway. */
    public static Tensor uninitialized(DType dtype, long... shape) {
        return automatic(dtype, false, shape);
    }

    private static Tensor automatic(DType dtype, boolean zeroed, long[] shape) {
        long bytes = Math.max(1, Layouts.bytes(dtype, shape));
        return new Tensor(LargeMemory.allocate(bytes, zeroed), dtype, shape.clone(), Layouts.rowMajor(shape));
    }

    public static Tensor ofFloats(float[] values, long... shape) {
        Tensor tensor = allocateFor(DType.F32, values.length, shape);
        JavaArrays.put(values, tensor.data);
        return tensor;
    }

    public static Tensor ofDoubles(double[] values, long... shape) {
        Tensor tensor = allocateFor(DType.F64, values.length, shape);
        JavaArrays.put(values, tensor.data);
        return tensor;
    }

    public static Tensor ofLongs(long[] values, long... shape) {
        Tensor tensor = allocateFor(DType.I64, values.length, shape);
        JavaArrays.put(values, tensor.data);
        return tensor;
    }

    public static Tensor ofInts(int[] values, long... shape) {
        Tensor tensor = allocateFor(DType.I32, values.length, shape);
        JavaArrays.put(values, tensor.data);
        return tensor;
    }

    public static Tensor ofBooleans(boolean[] values, long... shape) {
        Tensor tensor = allocateFor(DType.BOOL, values.length, shape);
        ByteBuffer bytes = tensor.data.asByteBuffer();
        for (boolean value : values) {
            bytes.put((byte) (value ? 1 : 0));
        }
        return tensor;
    }

    /** Bytes as {@code I8} or {@code U8}. */
    public static Tensor ofBytes(DType dtype, byte[] values, long... shape) {
        if (dtype != DType.I8 && dtype != DType.U8) {
            throw new IllegalArgumentException("bytes make an i8 or u8 tensor, not " + dtype);
        }
        Tensor tensor = allocateFor(dtype, values.length, shape);
        tensor.data.asByteBuffer().put(values);
        return tensor;
    }

    /** Floats rounded to any floating type. */
    public static Tensor ofFloats(DType dtype, float[] values, long... shape) {
        Tensor tensor = allocateFor(dtype, values.length, shape);
        for (int i = 0; i < values.length; i++) {
            Elements.setDouble(tensor.data, dtype, i, values[i]);
        }
        return tensor;
    }

    /** Complex numbers: real and imaginary parts in turn, a pair an element. */
    public static Tensor ofComplex(float[] parts, long... shape) {
        Tensor tensor = allocateFor(DType.C64, parts.length / 2, shape);
        JavaArrays.put(parts, tensor.data);
        return tensor;
    }

    /** The parts of a complex tensor: the same memory as numbers, with a last dimension of real and imaginary part. */
    public Tensor parts() {
        if (!dtype.isComplex()) {
            throw new KilnException.BadInput("a complex tensor has parts, one of " + dtype + " has not");
        }
        long[] sizes = Arrays.copyOf(shape, shape.length + 1);
        sizes[shape.length] = 2;
        long[] steps = Arrays.stream(Arrays.copyOf(strides, strides.length + 1)).map(s -> 2 * s).toArray();
        steps[strides.length] = 1;
        return of(data, dtype.part(), sizes, steps);
    }

    private static Tensor allocateFor(DType dtype, int count, long[] shape) {
        if (Layouts.numel(shape) != count) {
            throw new KilnException.BadInput("shape " + Arrays.toString(shape) + " has "
                    + Layouts.numel(shape) + " elements, but " + count + " values were given");
        }
        return allocate(dtype, shape);
    }

    public MemorySegment data() {
        return data;
    }

    public DType dtype() {
        return dtype;
    }

    public long[] shape() {
        return shape.clone();
    }

    /** Elements between neighbours along each dimension. */
    public long[] strides() {
        return strides.clone();
    }

    public int rank() {
        return shape.length;
    }

    public long size(int dimension) {
        return shape[dimension];
    }

    public long stride(int dimension) {
        return strides[dimension];
    }

    /** Number of elements. */
    public long numel() {
        return Layouts.numel(shape);
    }

    /**
     * Whether the elements lie in row-major order without gaps; strides of dimensions of size 1 do not
     * matter.
     */
    public boolean isContiguous() {
        return Layouts.isRowMajor(shape, strides);
    }

    /** This tensor if it is contiguous, else a row-major copy that lives as long as it is reachable. */
    public Tensor contiguous() {
        return isContiguous() ? this : copyTo(Arena.ofAuto());
    }

    /** A row-major copy in {@code arena}. */
    public Tensor copyTo(Arena arena) {
        Tensor copy = allocate(dtype, arena, shape);
        if (isContiguous()) {
            MemorySegment.copy(data, 0, copy.data, 0, Layouts.bytes(dtype, shape));
        } else {
            Elements.pack(data, shape, strides, dtype.bytes(), copy.data);
        }
        return copy;
    }

    /**
     * Copies the elements of another tensor into this one's memory.
     *
     * @throws KilnException.BadInput if type or shape differ
     */
    public void copyFrom(Tensor source) {
        if (source.dtype != dtype || !Arrays.equals(source.shape, shape)) {
            throw new KilnException.BadInput("cannot copy " + source + " into " + this + ": type or shape differ");
        }
        if (isContiguous() && source.isContiguous()) {
            MemorySegment.copy(source.data, 0, data, 0, Layouts.bytes(dtype, shape));
        } else {
            Elements.copy(source.data, source.strides, data, strides, shape, dtype.bytes());
        }
    }

    /** All elements in row-major order; integers and wider floats are rounded to the nearest float. */
    public float[] toFloatArray() {
        float[] out = new float[arrayLength()];
        MemorySegment from = contiguous().data;
        if (dtype == DType.F32) {
            JavaArrays.get(from, out);
            return out;
        }
        for (int i = 0; i < out.length; i++) {
            out[i] = dtype.isFloating() ? (float) Elements.getDouble(from, dtype, i)
                    : Elements.getLong(from, dtype, i);
        }
        return out;
    }

    /** All elements in row-major order. */
    public double[] toDoubleArray() {
        double[] out = new double[arrayLength()];
        MemorySegment from = contiguous().data;
        for (int i = 0; i < out.length; i++) {
            out[i] = Elements.getDouble(from, dtype, i);
        }
        return out;
    }

    /**
     * All elements in row-major order; {@code true} is 1.
     *
     * @throws KilnException.BadInput for a floating type
     */
    public long[] toLongArray() {
        if (dtype.isFloating()) {
            throw new KilnException.BadInput("cannot read a " + dtype + " tensor as integers");
        }
        long[] out = new long[arrayLength()];
        MemorySegment from = contiguous().data;
        for (int i = 0; i < out.length; i++) {
            out[i] = Elements.getLong(from, dtype, i);
        }
        return out;
    }

    /** As {@link #toLongArray()}; {@link ArithmeticException} when a value does not fit. */
    public int[] toIntArray() {
        return Arrays.stream(toLongArray()).mapToInt(Math::toIntExact).toArray();
    }

    /** All elements in row-major order; what is not 0 is true. */
    public boolean[] toBooleanArray() {
        double[] values = toDoubleArray();
        boolean[] out = new boolean[values.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = values[i] != 0;
        }
        return out;
    }

    private int arrayLength() {
        long count = numel();
        if (count > Integer.MAX_VALUE - 8) {
            throw new KilnException.BadInput(this + " is too large for a Java array: read data() instead");
        }
        return (int) count;
    }

    /** Type and shape, for example {@code f32[2, 3]}. */
    @Override
    public String toString() {
        return dtype + Arrays.toString(shape);
    }
}
