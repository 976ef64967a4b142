package dev.kiln.stages.oracle;

import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.kernels.cpu.Isa;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.stages.codegen.GraphBatch.Effort;
import dev.kiln.stages.codegen.GraphRunner;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Compiled code against libtorch, every op: all phases from the post-grad passes to native code. */
class CompiledVsTorchTest extends OpOracle {
    private static final int CASES = 8;
    private static final int NIGHTLY_CASES = 36;
    private static final int TOGETHER = 18;
    private static final int RANDOM_TOGETHER = 75;
    private static final int RANDOM_CASES = Integer.getInteger("kiln.oracle.cases", 1);
    private static final int NIGHTLY_RANDOM_CASES = Integer.getInteger("kiln.oracle.cases", 60);
    private static final int TOGETHER_IN_FULL = 4;

    private Isa isa = CpuInfo.detect().bestIsa();
    private Effort effort = Effort.FAST;

    @TestFactory
    Stream<DynamicTest> agreesWithLibtorch() {
        return tests(TOGETHER, CASES);
    }

    @TestFactory
    Stream<DynamicTest> agreesWithLibtorchOnRandomCases() {
        return randomTests(RANDOM_TOGETHER, RANDOM_CASES);
    }

    @TestFactory
    @Tag("nightly")
    Stream<DynamicTest> agreesWithLibtorchOnManyRandomCases() {
        return randomTests(TOGETHER_IN_FULL, NIGHTLY_RANDOM_CASES);
    }

    @TestFactory
    @Tag("nightly")
    Stream<DynamicTest> agreesWithLibtorchOnEverySample() {
        effort = Effort.FULL;
        return tests(TOGETHER_IN_FULL, Integer.MAX_VALUE);
    }

    @TestFactory
    @Tag("nightly")
    Stream<DynamicTest> agreesWithLibtorchOnAvx2() {
        isa = Isa.AVX2;
        effort = Effort.FULL;
        return tests(TOGETHER, NIGHTLY_CASES);
    }

    @Override
    double slack() {
        return 4;
    }

    @TestFactory
    @Tag("nightly")
    Stream<DynamicTest> agreesWithLibtorchOnAnyCpu() {
        isa = Isa.BASELINE;
        return tests(TOGETHER, NIGHTLY_CASES);
    }

    @Override
    List<Supplier<Map<String, ConstantValue>>> prepare(List<OracleCase> cases) {
        Map<OracleCase, RuntimeException> refused = new IdentityHashMap<>();
        List<GraphRunner.Program> programs = new ArrayList<>();
        for (OracleCase sample : cases) {
            try {
                OracleCase.Program program = sample.program(sample.seed() % 2 == 0);
                programs.add(new GraphRunner.Program(program.graph(), program.inputs()));
            } catch (RuntimeException e) {
                refused.put(sample, e);
            }
        }
        Iterator<Supplier<Map<String, ConstantValue>>> results =
            new GraphRunner(isa, effort).prepare(programs).iterator();
        return cases.stream().map(c -> refused.containsKey(c) ? GraphRunner.failing(refused.get(c)) : results.next())
            .toList();
    }
}
