package dev.kiln.stages.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.schema.OpOverload;
import dev.kiln.ops.schema.OpTable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compares an executor of graphs with libtorch, op by op. Subclasses say what executes; every op of the table
 * needs samples. The seed is {@code -Dkiln.oracle.seed}, and a failing case prints its own;
 * {@code -Dkiln.oracle.ops=REGEX} picks ops.
 */
abstract class OpOracle {
    private static final long SEED = Long.getLong("kiln.oracle.seed", 20260101);
    private static final String OPS = System.getProperty("kiln.oracle.ops", ".*");
    private static final Logger LOG = LoggerFactory.getLogger(OpOracle.class);
    private static final int MAX_REPORTED = 5;

    /** Gets cases ready together, as is cheapest; each supplier runs one: outputs by name, in order. */
    abstract List<Supplier<Map<String, ConstantValue>>> prepare(List<OracleCase> cases);

    /** How much wider than the reference interpreter's this executor's floating tolerance is. */
    double slack() {
        return 1;
    }

    /** One test an op; {@code together} ops are prepared in one go, of each up to {@code limit} cases. */
    Stream<DynamicTest> tests(int together, int limit) {
        List<OpOverload> ops = OpTable.all().stream().filter(op -> op.name().matches(OPS)).toList();
        List<DynamicTest> tests = new ArrayList<>();
        for (int i = 0; i < ops.size(); i += together) {
            Group group = new Group(ops.subList(i, Math.min(ops.size(), i + together)), limit);
            group.ops.forEach(op -> tests.add(DynamicTest.dynamicTest(op.name(), () -> verify(op, group))));
        }
        return tests.stream();
    }

    private static void verify(OpOverload op, Group group) {
        OpCheck check = group.check(op);
        LOG.trace("{}: {} compared, seed {}; not run: {}", op, check.compared(), SEED, check.notRun());
        List<String> failures = check.failures();
        assertThat(failures.subList(0, Math.min(MAX_REPORTED, failures.size())))
            .as("%s: %d of %d cases differ, seed %d", op, failures.size(), check.compared(), SEED).isEmpty();
        assertThat(check.compared()).as("%s: compared; not run: %s", op, check.notRun()).isPositive();
    }

    /** Ops whose cases are prepared when the first of them is tested. */
    private final class Group {
        private final List<OpOverload> ops;
        private final int limit;
        private Map<OpOverload, OpCheck> checks;

        Group(List<OpOverload> ops, int limit) {
            this.ops = ops;
            this.limit = limit;
        }

        synchronized OpCheck check(OpOverload op) {
            if (checks == null) {
                checks = new LinkedHashMap<>();
                ops.forEach(o -> checks.put(o, asked(o)));
                var results = prepare(checks.values().stream().flatMap(c -> c.samples().stream()).toList());
                int at = 0;
                for (OpCheck check : checks.values()) {
                    int count = check.samples().size();
                    check.compare(results.subList(at, at + count));
                    at += count;
                }
            }
            return checks.get(op);
        }

        private OpCheck asked(OpOverload op) {
            List<OracleCase> cases = Samples.of(op, SEED);
            assertThat(cases).as("samples of %s", op).isNotEmpty();
            OpCheck check = new OpCheck(op, slack());
            check.ask(Samples.spread(cases, limit));
            return check;
        }
    }
}
