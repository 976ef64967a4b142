package dev.kiln.stages.oracle;

import dev.kiln.ops.DType;
import dev.kiln.ops.schema.OpOverload;
import dev.kiln.stages.oracle.SampleValues.Range;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** Cases to differentiate: an op's samples in f64 and f32, with values that are smooth, or full of ties. */
final class GradientSamples {
    private static final Set<Range> REPLACED = Set.of(Range.ANY, Range.MODERATE, Range.WIDE, Range.FINITE);

    private GradientSamples() {
    }

    /** Up to so many cases with smooth values in f64; half as many of each: with ties, and in f32. */
    static List<GradientCase> of(OpOverload op, long seed, int count) {
        List<OracleCase> all = Samples.of(op, seed);
        return Stream.of(cases(all, DType.F64, Range.SMOOTH, count), cases(all, DType.F64, Range.COARSE, (count + 1) / 2),
            cases(all, DType.F32, Range.SMOOTH, (count + 1) / 2)).flatMap(List::stream).toList();
    }

    private static List<GradientCase> cases(List<OracleCase> all, DType dtype, Range range, int count) {
        List<OracleCase> cases = all.stream().filter(c -> c.sample().dtypes().equals(List.of(dtype))).toList();
        return cases.isEmpty() ? List.of() : Samples.spread(cases, count).stream()
            .map(c -> c.sample().draw(r -> REPLACED.contains(r) ? range : r))
            .map(c -> new GradientCase(c, range == Range.COARSE)).toList();
    }
}
