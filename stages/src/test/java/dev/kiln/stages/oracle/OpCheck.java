package dev.kiln.stages.oracle;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.schema.OpKind;
import dev.kiln.ops.schema.OpOverload;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/** One op's cases with libtorch's answers, to be compared with an executor's. */
final class OpCheck {
    private final OpOverload op;
    private final double slack;
    private final List<Attempt> attempts = new ArrayList<>();
    private final List<String> notRun = new ArrayList<>();
    private final List<Failure> failures = new ArrayList<>();
    private int compared;

    /** A case that libtorch takes. */
    private record Attempt(OracleCase sample, List<ConstantValue> expected) {
    }

    /** A case that differs, and how. */
    record Failure(OracleCase sample, String difference) {
        /** The exception, or what is wrong about which output, without values. */
        String kind() {
            return difference.replaceAll("-?\\d[\\w.-]*|\\[.*\\]|NaN|-?Infinity", "");
        }

        @Override
        public String toString() {
            return difference + "\n  in " + sample;
        }
    }

    OpCheck(OpOverload op, double slack) {
        this.op = op;
        this.slack = slack;
    }

    void ask(List<OracleCase> cases) {
        ask(cases, Integer.MAX_VALUE);
    }

    /** Asks libtorch until it has taken so many cases; a dtype that it does not take for an elementwise op is asked about once. */
    void ask(List<OracleCase> cases, int wanted) {
        Set<List<DType>> refused = new HashSet<>();
        for (OracleCase sample : cases) {
            if (attempts.size() == wanted) {
                return;
            }
            if (op.kind() == OpKind.ELEMENTWISE && refused.contains(sample.dtypes())) {
                continue;
            }
            try {
                attempts.add(new Attempt(sample, TorchOracle.run(op, sample.args(), sample.tensors())));
            } catch (TorchOracle.Rejected e) {
                notRun.add(e.getMessage());
                if (e.concernsDTypes()) {
                    refused.add(sample.dtypes());
                }
            }
        }
    }

    List<OracleCase> samples() {
        return attempts.stream().map(Attempt::sample).toList();
    }

    /** @param results for each of {@link #samples()} what gives the executor's outputs, or throws */
    void compare(List<Supplier<Map<String, ConstantValue>>> results) {
        for (int i = 0; i < attempts.size(); i++) {
            Attempt attempt = attempts.get(i);
            try {
                difference(attempt, results.get(i))
                    .ifPresent(f -> failures.add(new Failure(attempt.sample(), f)));
                compared++;
            } catch (KilnException.Unsupported e) {
                notRun.add(e.getMessage());
            }
        }
    }

    private Optional<String> difference(Attempt attempt, Supplier<Map<String, ConstantValue>> result) {
        try {
            return difference(attempt, List.copyOf(result.get().values()));
        } catch (KilnException.Unsupported e) {
            throw e;
        } catch (RuntimeException e) {
            return Optional.of("Kiln fails: " + e);
        }
    }

    private Optional<String> difference(Attempt attempt, List<ConstantValue> actual) {
        List<ConstantValue> expected = attempt.expected();
        if (actual.size() != expected.size()) {
            return Optional.of("libtorch gives " + expected.size() + " outputs, Kiln " + actual.size());
        }
        for (int i = 0; i < actual.size(); i++) {
            DType dtype = expected.get(i).dtype();
            Tolerance tolerance = Tolerance.of(dtype).times(slack * SampleTable.slack(op, dtype));
            Optional<String> mismatch = tolerance.mismatch(expected.get(i), actual.get(i));
            if (mismatch.isPresent() && SampleTable.comparable(attempt.sample(), i)) {
                return Optional.of("output " + i + ": " + mismatch.get());
            }
        }
        return Optional.empty();
    }

    int compared() {
        return compared;
    }

    List<Failure> failures() {
        return failures;
    }

    List<String> notRun() {
        return notRun;
    }
}
