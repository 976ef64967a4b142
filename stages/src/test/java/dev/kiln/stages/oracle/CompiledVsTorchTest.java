package dev.kiln.stages.oracle;

import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.kernels.cpu.Isa;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.stages.codegen.GraphBatch.Effort;
import dev.kiln.stages.codegen.GraphRunner;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Compiled code against libtorch, every op: all phases from the post-grad passes to native code. */
class CompiledVsTorchTest extends OpOracle {
    private static final int CASES = 12;
    private static final int TOGETHER = 12;
    private static final int TOGETHER_IN_FULL = 4;

    private Isa isa = CpuInfo.detect().bestIsa();
    private Effort effort = Effort.FAST;

    @TestFactory
    Stream<DynamicTest> agreesWithLibtorch() {
        return tests(TOGETHER, CASES);
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
        return tests(TOGETHER, 3 * CASES);
    }

    @Override
    double slack() {
        return 4;
    }

    @TestFactory
    @Tag("nightly")
    Stream<DynamicTest> agreesWithLibtorchOnAnyCpu() {
        isa = Isa.BASELINE;
        return tests(TOGETHER, 2 * CASES);
    }

    @Override
    List<Supplier<Map<String, ConstantValue>>> prepare(List<OracleCase> cases) {
        List<OracleCase.Program> programs = cases.stream().map(c -> c.program(c.seed() % 2 == 0)).toList();
        return new GraphRunner(isa, effort).prepare(
            programs.stream().map(p -> new GraphRunner.Program(p.graph(), p.inputs())).toList());
    }
}
