package dev.kiln.stages.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.schema.OpKind;
import dev.kiln.ops.schema.OpOverload;
import dev.kiln.ops.schema.OpTable;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compares an executor of graphs with libtorch, op by op. Subclasses say what executes; every op of the table
 * needs samples. The seed is {@code -Dkiln.oracle.seed}, and a failing case prints its own.
 */
abstract class OpOracle {
    private static final long SEED = Long.getLong("kiln.oracle.seed", 20260101);
    private static final Logger LOG = LoggerFactory.getLogger(OpOracle.class);
    private static final int MAX_REPORTED = 5;

    /** Runs a graph: inputs by source name to outputs by name. */
    abstract Map<String, ConstantValue> execute(Graph graph, Map<String, ConstantValue> inputs);

    /** How much wider than the reference interpreter's this executor's floating tolerance is. */
    double slack() {
        return 1;
    }

    @TestFactory
    Stream<DynamicTest> agreesWithLibtorch() {
        return OpTable.all().stream().map(op -> DynamicTest.dynamicTest(op.name(), () -> check(op)));
    }

    private void check(OpOverload op) {
        List<OracleCase> cases = Samples.of(op, SEED);
        assertThat(cases).as("samples of %s", op).isNotEmpty();
        List<String> failures = new ArrayList<>();
        List<String> notRun = new ArrayList<>();
        Set<List<DType>> refused = new HashSet<>();
        int compared = 0;
        for (OracleCase sample : cases) {
            if (op.kind() == OpKind.ELEMENTWISE && refused.contains(sample.dtypes())) {
                continue;
            }
            try {
                List<ConstantValue> expected = TorchOracle.run(op, sample.args(), sample.tensors());
                difference(sample, expected).ifPresent(f -> failures.add(f + "\n  in " + sample));
                compared++;
            } catch (TorchOracle.Rejected e) {
                notRun.add(e.getMessage());
                if (e.concernsDTypes()) {
                    refused.add(sample.dtypes());
                }
            } catch (KilnException.Unsupported e) {
                notRun.add(e.getMessage());
            }
        }
        LOG.trace("{}: {} of {} compared, seed {}; not run: {}", op, compared, cases.size(), SEED, notRun);
        assertThat(failures.subList(0, Math.min(MAX_REPORTED, failures.size())))
            .as("%s: %d of %d cases differ, seed %d", op, failures.size(), compared, SEED).isEmpty();
        assertThat(compared).as("%s: compared of %d; not run: %s", op, cases.size(), notRun).isPositive();
    }

    private Optional<String> difference(OracleCase sample, List<ConstantValue> expected) {
        try {
            OracleCase.Program program = sample.program();
            Map<String, ConstantValue> outputs = execute(program.graph(), program.inputs());
            return difference(sample, expected, List.copyOf(outputs.values()));
        } catch (KilnException.Unsupported e) {
            throw e;
        } catch (RuntimeException e) {
            return Optional.of("Kiln fails: " + e);
        }
    }

    private Optional<String> difference(OracleCase sample, List<ConstantValue> expected,
            List<ConstantValue> actual) {
        if (actual.size() != expected.size()) {
            return Optional.of("libtorch gives " + expected.size() + " outputs, Kiln " + actual.size());
        }
        for (int i = 0; i < actual.size(); i++) {
            DType dtype = expected.get(i).dtype();
            Tolerance tolerance = Tolerance.of(dtype).times(slack() * SampleTable.slack(sample.op(), dtype));
            Optional<String> mismatch = tolerance.mismatch(expected.get(i), actual.get(i));
            if (mismatch.isPresent() && SampleTable.comparable(sample, i)) {
                return Optional.of("output " + i + ": " + mismatch.get());
            }
        }
        return Optional.empty();
    }
}
