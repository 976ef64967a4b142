package dev.kiln.stages.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.schema.OpOverload;
import dev.kiln.ops.schema.OpTable;
import dev.kiln.stages.oracle.OpCheck.Failure;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compares an executor of graphs with libtorch, op by op. Subclasses say what executes; every op of the table
 * needs samples. Failing cases are made small. The seed is {@code -Dkiln.oracle.seed}, and a failing case prints its own;
 * {@code -Dkiln.oracle.ops=REGEX} picks ops.
 */
abstract class OpOracle {
    private static final long SEED = Long.getLong("kiln.oracle.seed", 20260101);
    private static final String OPS = System.getProperty("kiln.oracle.ops", ".*");
    private static final Logger LOG = LoggerFactory.getLogger(OpOracle.class);
    private static final int MAX_REPORTED = 5;
    /** Random cases that are drawn for each that is wanted: libtorch does not take all. */
    private static final int DRAWN = 5;
    private static final int SPARE = 30;

    /** Gets cases ready together, as is cheapest; each supplier runs one: outputs by name, in order. */
    abstract List<Supplier<Map<String, ConstantValue>>> prepare(List<OracleCase> cases);

    /** How much wider than the reference interpreter's this executor's floating tolerance is. */
    double slack() {
        return 1;
    }

    /** One test an op; {@code together} ops are prepared in one go, of each up to {@code limit} cases. */
    Stream<DynamicTest> tests(int together, int limit) {
        return tests(together, limit, op -> {
            List<OracleCase> cases = Samples.of(op, SEED);
            assertThat(cases).as("samples of %s", op).isNotEmpty();
            return Samples.spread(cases, limit);
        });
    }

    /** As {@link #tests(int, int)}, with {@code count} random cases of each op. */
    Stream<DynamicTest> randomTests(int together, int count) {
        return tests(together, count, op -> RandomSamples.of(op, SEED, DRAWN * count + SPARE));
    }

    private Stream<DynamicTest> tests(int together, int wanted, Function<OpOverload, List<OracleCase>> cases) {
        List<OpOverload> ops = OpTable.all().stream().filter(op -> op.name().matches(OPS)).toList();
        List<DynamicTest> tests = new ArrayList<>();
        for (int i = 0; i < ops.size(); i += together) {
            Group group = new Group(ops.subList(i, Math.min(ops.size(), i + together)), wanted, cases);
            group.ops.forEach(op -> tests.add(DynamicTest.dynamicTest(op.name(), () -> verify(op, group))));
        }
        return tests.stream();
    }

    private void verify(OpOverload op, Group group) {
        OpCheck check = group.check(op);
        LOG.trace("{}: {} compared, seed {}; not run: {}", op, check.compared(), SEED, check.notRun());
        List<Failure> failures = check.failures();
        assertThat(failures.stream().limit(MAX_REPORTED).map(this::shrunk).toList())
            .as("%s: %d of %d cases differ, seed %d", op, failures.size(), check.compared(), SEED).isEmpty();
        assertThat(check.compared()).as("%s: compared; not run: %s", op, check.notRun()).isPositive();
    }

    private Failure shrunk(Failure failure) {
        return new SampleShrinker(cases -> {
            OpCheck check = new OpCheck(failure.sample().op(), slack());
            check.ask(cases);
            check.compare(prepare(check.samples()));
            return check.failures();
        }).shrink(failure);
    }

    /** Ops whose cases are prepared when the first of them is tested. */
    private final class Group {
        private final List<OpOverload> ops;
        private final int wanted;
        private final Function<OpOverload, List<OracleCase>> cases;
        private Map<OpOverload, OpCheck> checks;

        Group(List<OpOverload> ops, int wanted, Function<OpOverload, List<OracleCase>> cases) {
            this.ops = ops;
            this.wanted = wanted;
            this.cases = cases;
        }

        synchronized OpCheck check(OpOverload op) {
            if (checks == null) {
                checks = new LinkedHashMap<>();
                for (OpOverload o : ops) {
                    OpCheck check = new OpCheck(o, slack());
                    check.ask(cases.apply(o), wanted);
                    checks.put(o, check);
                }
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
    }
}
