package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.shape.SymInt;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Where a Slice cuts: bounds an axis, from attributes (before opset 10) or inputs. */
record SliceSpec(List<SymInt> starts, List<SymInt> ends, int[] axes, long[] steps) {

    static SliceSpec of(NodeImport n, int rank) {
        boolean inputs = n.has(1);
        List<SymInt> starts = inputs ? n.sizes(1, "starts") : sizes(n.attributes().requireIntegers("starts"));
        List<SymInt> ends = inputs ? n.sizes(2, "ends") : sizes(n.attributes().requireIntegers("ends"));
        long[] every = IntStream.range(0, starts.size()).asLongStream().toArray();
        long[] axes = n.has(3) ? n.integers(3, "axes") : n.attributes().integers("axes").orElse(every);
        long[] steps = n.has(4) ? n.integers(4, "steps") : IntStream.range(0, starts.size()).mapToLong(i -> 1)
            .toArray();
        if (ends.size() != starts.size() || axes.length != starts.size() || steps.length != starts.size()) {
            throw new KilnException.BadInput("starts, ends, axes and steps differ in length");
        }
        if (Arrays.stream(steps).anyMatch(s -> s == 0)) {
            throw new KilnException.BadInput("a step is 0");
        }
        return new SliceSpec(starts, ends, n.dims(axes, rank), steps);
    }

    private static List<SymInt> sizes(long[] values) {
        return Arrays.stream(values).mapToObj(SymInt::of).toList();
    }

    boolean isConstant() {
        return starts.stream().allMatch(SymInt::isConstant) && ends.stream().allMatch(SymInt::isConstant);
    }
}
