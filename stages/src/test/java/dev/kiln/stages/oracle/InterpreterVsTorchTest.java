package dev.kiln.stages.oracle;

import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.interpreter.Interpreter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** The reference interpreter against libtorch, every op. */
class InterpreterVsTorchTest extends OpOracle {
    private static final int RANDOM_CASES = 4;
    private static final int NIGHTLY_RANDOM_CASES = Integer.getInteger("kiln.oracle.cases", 300);

    @TestFactory
    Stream<DynamicTest> agreesWithLibtorch() {
        return tests(1, Integer.MAX_VALUE);
    }

    @TestFactory
    Stream<DynamicTest> agreesWithLibtorchOnRandomCases() {
        return randomTests(1, RANDOM_CASES);
    }

    @TestFactory
    @Tag("nightly")
    Stream<DynamicTest> agreesWithLibtorchOnManyRandomCases() {
        return randomTests(1, NIGHTLY_RANDOM_CASES);
    }

    @Override
    List<Supplier<Map<String, ConstantValue>>> prepare(List<OracleCase> cases) {
        List<Supplier<Map<String, ConstantValue>>> runs = new ArrayList<>();
        for (OracleCase sample : cases) {
            runs.add(() -> {
                OracleCase.Program program = sample.program(false);
                return Interpreter.run(program.graph(), program.inputs());
            });
        }
        return runs;
    }
}
