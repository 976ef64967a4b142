package dev.kiln.kernels.runtime;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import java.util.Arrays;

/** Arithmetic of sizes and strides, safe against overflow. */
final class Layouts {
    private Layouts() {
    }

    static long numel(long[] shape) {
        long count = 1;
        boolean empty = false;
        for (long size : shape) {
            if (size < 0) {
                throw new KilnException.BadInput("shape " + Arrays.toString(shape) + " has a negative size");
            }
            empty |= size == 0;
        }
        if (empty) {
            return 0;
        }
        for (long size : shape) {
            count = multiply(count, size, shape);
        }
        return count;
    }

    static long bytes(DType dtype, long[] shape) {
        return multiply(numel(shape), dtype.bytes(), shape);
    }

    private static long multiply(long a, long b, long[] shape) {
        long product = a * b;
        if (Math.multiplyHigh(a, b) != 0 || product < 0) {
            throw new KilnException.BadInput("shape " + Arrays.toString(shape)
                    + " is too large for this machine");
        }
        return product;
    }

    static long[] rowMajor(long[] shape) {
        long[] strides = new long[shape.length];
        long next = 1;
        for (int d = shape.length - 1; d >= 0; d--) {
            strides[d] = next;
            next *= Math.max(1, shape[d]);
        }
        return strides;
    }

    /** First dimension fastest, as Fortran and NumPy's {@code order='F'} have it. */
    static long[] columnMajor(long[] shape) {
        long[] strides = new long[shape.length];
        long next = 1;
        for (int d = 0; d < shape.length; d++) {
            strides[d] = next;
            next *= Math.max(1, shape[d]);
        }
        return strides;
    }

    static boolean isRowMajor(long[] shape, long[] strides) {
        long next = 1;
        for (int d = shape.length - 1; d >= 0; d--) {
            if (shape[d] == 0) {
                return true;
            }
            if (shape[d] != 1 && strides[d] != next) {
                return numel(shape) == 0;
            }
            next *= shape[d];
        }
        return true;
    }

    static void check(long dataBytes, DType dtype, long[] shape, long[] strides) {
        if (shape.length != strides.length) {
            throw new KilnException.BadInput("shape " + Arrays.toString(shape) + " and strides "
                    + Arrays.toString(strides) + " differ in length");
        }
        if (numel(shape) == 0) {
            return;
        }
        long last = 0;
        for (int d = 0; d < shape.length; d++) {
            if (strides[d] < 0) {
                throw new KilnException.BadInput("strides " + Arrays.toString(strides)
                        + " have a negative entry");
            }
            last = add(last, multiply(shape[d] - 1, strides[d], shape), shape);
        }
        if (multiply(add(last, 1, shape), dtype.bytes(), shape) > dataBytes) {
            throw new KilnException.BadInput(dtype + Arrays.toString(shape) + " with strides "
                    + Arrays.toString(strides) + " reaches outside its " + dataBytes + " bytes");
        }
    }

    private static long add(long a, long b, long[] shape) {
        if (a + b < 0) {
            throw new KilnException.BadInput("shape " + Arrays.toString(shape)
                    + " is too large for this machine");
        }
        return a + b;
    }
}
