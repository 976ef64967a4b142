package dev.kiln.bench;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import java.util.Arrays;
import java.util.List;

/**
 * One input of a model.
 *
 * @param sizes one a dimension: a number, or a name where any size will do
 */
record InputSpec(String name, DType dtype, List<String> sizes) {

    /** @throws KilnException.BadInput unless {@code shape} is one that this input takes */
    void requireFits(long[] shape) {
        boolean fits = shape.length == sizes.size();
        for (int d = 0; fits && d < shape.length; d++) {
            fits = !isFixed(d) || Long.parseLong(sizes.get(d)) == shape[d];
        }
        if (!fits) {
            throw new KilnException.BadInput("--shape " + name + " is " + Arrays.toString(shape)
                    + ", but the model takes " + dtype + sizes);
        }
    }

    /** The shape when the model leaves no choice. */
    long[] fixedShape() {
        for (int d = 0; d < sizes.size(); d++) {
            if (!isFixed(d)) {
                throw new KilnException.BadInput("input '" + name + "' is " + dtype + sizes
                        + ": give its shape, for example --shape " + name + "="
                        + "8x".repeat(sizes.size() - 1) + "8");
            }
        }
        return sizes.stream().mapToLong(Long::parseLong).toArray();
    }

    private boolean isFixed(int dimension) {
        return sizes.get(dimension).chars().allMatch(Character::isDigit);
    }
}
