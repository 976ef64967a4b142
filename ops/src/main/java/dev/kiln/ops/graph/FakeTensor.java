package dev.kiln.ops.graph;

import dev.kiln.ops.DType;
import dev.kiln.ops.Device;
import dev.kiln.ops.shape.Guard;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** A tensor without data: dtype, symbolic sizes, strides and storage offset (in elements), device. */
public record FakeTensor(DType dtype, List<SymInt> sizes, List<SymInt> strides, SymInt offset, Device device) {

    public FakeTensor {
        sizes = List.copyOf(sizes);
        strides = List.copyOf(strides);
        if (sizes.size() != strides.size()) {
            throw new IllegalArgumentException(sizes.size() + " sizes, but " + strides.size() + " strides");
        }
    }

    /** A contiguous (row-major) CPU tensor. */
    public static FakeTensor contiguous(DType dtype, List<SymInt> sizes) {
        return new FakeTensor(dtype, sizes, contiguousStrides(sizes), SymInt.ZERO, Device.CPU);
    }

    public static FakeTensor contiguous(DType dtype, long... sizes) {
        return contiguous(dtype, java.util.Arrays.stream(sizes).mapToObj(SymInt::of).toList());
    }

    public static List<SymInt> contiguousStrides(List<SymInt> sizes) {
        List<SymInt> strides = new ArrayList<>();
        SymInt stride = SymInt.ONE;
        for (int d = sizes.size() - 1; d >= 0; d--) {
            strides.add(stride);
            if (!sizes.get(d).is(0)) {
                stride = stride.times(sizes.get(d));
            }
        }
        Collections.reverse(strides);
        return strides;
    }

    public int rank() {
        return sizes.size();
    }

    public SymInt size(int dim) {
        return sizes.get(dim);
    }

    public SymInt numel() {
        return SymInt.product(sizes);
    }

    public boolean isContiguous() {
        SymInt dense = SymInt.ONE;
        for (int d = rank() - 1; d >= 0; d--) {
            SymInt size = sizes.get(d);
            if (!size.is(1) && !strides.get(d).equals(dense)) {
                return false;
            }
            dense = size.is(0) ? dense : dense.times(size);
        }
        return true;
    }

    /**
     * Whether the tensor begins at a multiple of {@code bytes} from its storage's start for all values of the symbols. An
     * open question, as of an unbacked offset, is answered "no" and leaves no guard: the worst that follows is a copy.
     */
    public boolean isAligned(ShapeEnv shapes, long bytes) {
        return shapes.staticallyKnownTrue(new Guard.Divisible(offset.times(dtype.bytes()), bytes));
    }

    public FakeTensor withDType(DType other) {
        return new FakeTensor(other, sizes, strides, offset, device);
    }

    /** A fresh contiguous tensor of the same dtype and device with other sizes. */
    public FakeTensor fresh(List<SymInt> newSizes) {
        return new FakeTensor(dtype, newSizes, contiguousStrides(newSizes), SymInt.ZERO, device);
    }

    public FakeTensor view(List<SymInt> newSizes, List<SymInt> newStrides, SymInt newOffset) {
        return new FakeTensor(dtype, newSizes, newStrides, newOffset, device);
    }

    @Override
    public String toString() {
        String shape = dtype + sizes.toString();
        return isContiguous() && offset.is(0) ? shape
            : shape + " strides=" + strides + (offset.is(0) ? "" : " offset=" + offset);
    }
}
