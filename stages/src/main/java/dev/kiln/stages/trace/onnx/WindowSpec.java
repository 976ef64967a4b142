package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;

/**
 * How windows lie on an image, one entry a spatial dimension: ONNX's attributes strides, dilations, pads and auto_pad.
 *
 * @param before padding in front of each dimension
 * @param after padding behind it
 */
record WindowSpec(List<SymInt> kernel, List<SymInt> strides, List<SymInt> dilations, List<SymInt> before,
        List<SymInt> after) {

    /** @param image the spatial sizes of the input */
    static WindowSpec of(NodeImport n, List<SymInt> image, List<SymInt> kernel) {
        int dims = image.size();
        List<SymInt> strides = numbers(n, "strides", dims, 1);
        List<SymInt> dilations = numbers(n, "dilations", dims, 1);
        String mode = n.attributes().string("auto_pad", "NOTSET");
        List<SymInt> before = new ArrayList<>();
        List<SymInt> after = new ArrayList<>();
        switch (mode) {
            case "NOTSET" -> {
                List<SymInt> pads = numbers(n, "pads", 2 * dims, 0);
                before.addAll(pads.subList(0, dims));
                after.addAll(pads.subList(dims, 2 * dims));
            }
            case "VALID" -> {
                before.addAll(Collections.nCopies(dims, SymInt.ZERO));
                after.addAll(before);
            }
            case "SAME_UPPER", "SAME_LOWER" -> {
                for (int d = 0; d < dims; d++) {
                    SymInt count = image.get(d).plus(strides.get(d)).plus(-1).floorDiv(strides.get(d));
                    SymInt total = count.plus(-1).times(strides.get(d)).plus(span(kernel.get(d), dilations.get(d)))
                        .minus(image.get(d)).max(SymInt.ZERO);
                    SymInt half = total.floorDiv(SymInt.of(2));
                    before.add(mode.equals("SAME_UPPER") ? half : total.minus(half));
                    after.add(total.minus(before.get(d)));
                }
            }
            default -> throw new KilnException.BadInput("auto_pad '" + mode
                + "' is none of NOTSET, SAME_UPPER, SAME_LOWER, VALID");
        }
        return new WindowSpec(kernel, strides, dilations, before, after);
    }

    /** An attribute with one number a dimension. */
    static List<SymInt> numbers(NodeImport n, String attribute, int count, long otherwise) {
        long[] given = n.attributes().integers(attribute).orElse(null);
        if (given == null) {
            return Collections.nCopies(count, SymInt.of(otherwise));
        }
        if (given.length != count) {
            throw new KilnException.BadInput("attribute '" + attribute + "' has " + given.length + " numbers, needs "
                + count);
        }
        return Arrays.stream(given).mapToObj(SymInt::of).toList();
    }

    /** How far a window reaches. */
    static SymInt span(SymInt kernel, SymInt dilation) {
        return kernel.plus(-1).times(dilation).plus(1);
    }

    boolean isSymmetric() {
        return before.equals(after) && Stream.concat(before.stream(), after.stream())
            .allMatch(p -> !p.isConstant() || p.asLong() >= 0);
    }

    /** The pads as {@code aten.constant_pad_nd} takes them: pairs from the last dimension on. */
    static List<SymInt> pairs(List<SymInt> before, List<SymInt> after) {
        List<SymInt> pads = new ArrayList<>();
        for (int d = before.size() - 1; d >= 0; d--) {
            pads.add(before.get(d));
            pads.add(after.get(d));
        }
        return pads;
    }
}
