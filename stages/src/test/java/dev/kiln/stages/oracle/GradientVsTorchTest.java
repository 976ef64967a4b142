package dev.kiln.stages.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.interpreter.Interpreter;
import dev.kiln.ops.schema.OpOverload;
import dev.kiln.ops.schema.OpTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/**
 * Gradients of every op against libtorch's autograd: the joint graph in the reference interpreter. Where libtorch has no
 * derivative, or draws other random numbers, finite differences judge.
 */
class GradientVsTorchTest {
    private static final long SEED = Long.getLong("kiln.oracle.seed", 20260101);
    private static final String OPS = System.getProperty("kiln.oracle.ops", ".*");
    private static final int NIGHTLY_CASES = 40;
    private static final String KINKS = "aten\\.(elu_backward|smooth_l1_loss|(nan)?median|grid_sampler_2d)\\.default";

    @TestFactory
    Stream<DynamicTest> agreesWithLibtorch() {
        return tests(2);
    }

    @TestFactory
    @Tag("nightly")
    Stream<DynamicTest> agreesWithLibtorchOnManyCases() {
        return tests(NIGHTLY_CASES);
    }

    /** Ties and bounds are rare in few cases. */
    @TestFactory
    Stream<DynamicTest> agreesWithLibtorchWhereSlopesJump() {
        return tests(NIGHTLY_CASES, op -> op.name().matches(KINKS));
    }

    private static Stream<DynamicTest> tests(int count) {
        return tests(count, op -> true);
    }

    private static Stream<DynamicTest> tests(int count, Predicate<OpOverload> which) {
        return OpTable.all().stream().filter(which).filter(op -> op.name().matches(OPS))
            .map(op -> DynamicTest.dynamicTest(op.name(), () -> verify(op, count)));
    }

    private static void verify(OpOverload op, int count) {
        OpGradients gradients = new OpGradients(op, GradientSamples.of(op, SEED, count));
        List<Supplier<Map<String, ConstantValue>>> runs = new ArrayList<>();
        gradients.checks().forEach(check -> runs.add(() -> {
            var program = check.program();
            return Interpreter.run(program.graph(), program.inputs());
        }));
        gradients.compare(runs);
        gradients.differences();
        if (PendingGradients.contains(op)) {
            assertThat(gradients.verdict()).as("%s agrees: take it off the list of those that do not", op).isPresent();
            return;
        }
        assertThat(gradients.verdict()).as("%s, seed %d", op, SEED).isEmpty();
    }
}
