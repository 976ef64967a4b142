package dev.kiln.ops.interpreter;

import java.util.Arrays;
import java.util.List;

/** Visits the elements of a box in row-major order, with their offsets in several strided tensors. */
final class Walk {
    @FunctionalInterface
    interface Visit {
        /**
         * @param index the element's row-major number
         * @param offsets one offset a strided tensor; reused, so copy what must stay
         */
        void at(long index, long[] offsets);
    }

    private Walk() {
    }

    static void over(long[] sizes, Visit visit, long[]... strides) {
        over(sizes, new long[strides.length], visit, strides);
    }

    static void over(long[] sizes, long[] start, Visit visit, long[]... strides) {
        long count = Arrays.stream(sizes).reduce(1, Math::multiplyExact);
        long[] position = new long[sizes.length];
        long[] offsets = start.clone();
        for (long index = 0; index < count; index++) {
            visit.at(index, offsets);
            for (int d = sizes.length - 1; d >= 0; d--) {
                position[d]++;
                boolean carry = position[d] == sizes[d];
                for (int t = 0; t < strides.length; t++) {
                    offsets[t] += carry ? -strides[t][d] * (sizes[d] - 1) : strides[t][d];
                }
                if (!carry) {
                    break;
                }
                position[d] = 0;
            }
        }
    }

    static long[] array(List<Long> values) {
        return values.stream().mapToLong(Long::longValue).toArray();
    }

    static long[] contiguous(long[] sizes) {
        long[] strides = new long[sizes.length];
        long stride = 1;
        for (int d = sizes.length - 1; d >= 0; d--) {
            strides[d] = stride;
            stride *= sizes[d];
        }
        return strides;
    }

    /** Strides of a contiguous tensor when it is broadcast to the target: 0 where it stretches. */
    static long[] broadcast(long[] sizes, long[] target) {
        long[] own = contiguous(sizes);
        long[] strides = new long[target.length];
        int lead = target.length - sizes.length;
        for (int d = lead; d < target.length; d++) {
            strides[d] = sizes[d - lead] == 1 ? 0 : own[d - lead];
        }
        return strides;
    }
}
