package dev.kiln.bench;

import dev.kiln.kernels.runtime.Tensor;

/**
 * How far an output is from the one that is taken to be right.
 *
 * @param maxAbs largest difference of an element
 * @param relativeRms root of the mean square of the differences, over that of the right values
 * @param cosine of the angle between both as vectors
 */
record OutputError(String name, double maxAbs, double relativeRms, double cosine) {

    /** NaN of both at the same place is no difference; at one of them it makes all three NaN. */
    static OutputError of(String name, Tensor right, Tensor actual) {
        double[] expected = numbers(right);
        double[] given = numbers(actual);
        if (expected.length != given.length) {
            throw new IllegalArgumentException("output '" + name + "' has " + expected.length + " elements in one, "
                    + given.length + " in the other");
        }
        double largest = 0;
        double errors = 0;
        double squares = 0;
        double others = 0;
        double products = 0;
        for (int i = 0; i < expected.length; i++) {
            if (Double.compare(expected[i], given[i]) == 0 && !Double.isFinite(expected[i])) {
                continue;
            }
            double error = given[i] - expected[i];
            largest = Math.max(largest, Math.abs(error));
            errors += error * error;
            squares += expected[i] * expected[i];
            others += given[i] * given[i];
            products += expected[i] * given[i];
        }
        double relative = errors == 0 ? 0 : Math.sqrt(errors / squares);
        double cosine = errors == 0 ? 1 : products / Math.sqrt(squares * others);
        return new OutputError(name, largest, relative, cosine);
    }

    private static double[] numbers(Tensor tensor) {
        return tensor.dtype().isComplex() ? tensor.parts().toDoubleArray() : tensor.toDoubleArray();
    }
}
