package dev.kiln.stages.oracle;

import dev.kiln.ops.DType;
import dev.kiln.stages.oracle.OpCheck.Failure;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/** Makes a failing case small: sizes, layouts, dtypes and arguments, as long as it still fails. */
final class SampleShrinker {
    private static final int ROUNDS = 20;

    /** The cases that fail, of many at once, since they are compiled together. */
    private final Function<List<OracleCase>, List<Failure>> fails;

    SampleShrinker(Function<List<OracleCase>, List<Failure>> fails) {
        this.fails = fails;
    }

    Failure shrink(Failure failing) {
        Failure current = failing;
        for (int round = 0; round < ROUNDS; round++) {
            List<Failure> smaller = fails.apply(drawn(candidates(current.sample().sample()))).stream()
                .filter(f -> f.kind().equals(failing.kind())).toList();
            if (smaller.isEmpty()) {
                return current;
            }
            current = smaller.getFirst();
        }
        return current;
    }

    private static List<OracleCase> drawn(Set<Sample> samples) {
        List<OracleCase> cases = new ArrayList<>();
        for (Sample sample : samples) {
            try {
                cases.add(sample.draw());
            } catch (RuntimeException e) {
                // Not a call of the op any more.
            }
        }
        return cases;
    }

    /** The simplest first. */
    static Set<Sample> candidates(Sample sample) {
        Set<Sample> found = new LinkedHashSet<>();
        String text = sample.text();
        if (!sample.dtypes().equals(List.of(DType.F32))) {
            found.add(new Sample(sample.op(), text, List.of(DType.F32), sample.extreme(), sample.seed()));
        }
        if (sample.extreme()) {
            found.add(new Sample(sample.op(), text, sample.dtypes(), false, sample.seed()));
        }
        found.add(sample.withText(SampleSizes.mapTensors(text, t -> t.contiguous())));
        for (long size : SampleSizes.sizes(text)) {
            for (long less : new long[] {1, 2, size / 2, size - 1}) {
                if (less < size && less > 0) {
                    found.add(sample.withText(SampleSizes.replaced(sample.op(), text, Map.of(size, less))));
                }
            }
        }
        found.add(sample.withText(SampleSizes.mapTensors(text, t -> t.withoutLeading())));
        List<String> parts = Sample.split(text);
        if (parts.size() > 1) {
            found.add(sample.withText(String.join(", ", parts.subList(0, parts.size() - 1))));
        }
        found.remove(sample);
        return found;
    }
}
