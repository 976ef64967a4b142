package dev.kiln.stages.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.interpreter.Interpreter;
import dev.kiln.stages.codegen.GraphBatch.Effort;
import dev.kiln.stages.codegen.GraphRunner;
import dev.kiln.stages.codegen.GraphRunner.Program;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Gradients of convolutions' gradients against libtorch's, of random geometry. */
class ConvolutionSecondDerivativeTest {
    private static final long SEED = Long.getLong("kiln.oracle.seed", 20260101);
    private static final int CASES = 40;
    private static final int PARTS = 12;
    private static final int NIGHTLY_CASES = Integer.getInteger("kiln.oracle.cases", 600);
    private static final int COMPILED_CASES = 100;

    @Test
    void interpretedAgreesWithLibtorch() {
        verify(CASES, ConvolutionSecondDerivativeTest::interpreted);
    }

    @Test
    @Tag("nightly")
    void interpretedAgreesWithLibtorchOnManyCases() {
        verify(NIGHTLY_CASES, ConvolutionSecondDerivativeTest::interpreted);
    }

    @Test
    @Tag("nightly")
    void compiledAgreesWithLibtorch() {
        verify(COMPILED_CASES, new GraphRunner(CpuInfo.detect().bestIsa(), Effort.FAST)::prepare);
    }

    /** libtorch gives no tensor for what the mask leaves out, and TorchScript takes nothing else. */
    @Test
    void partsAgreeWithFiniteDifferences() {
        for (GradientCase sample : ConvolutionSamples.masked(SEED, PARTS)) {
            assertThat(FiniteDifferences.difference(sample)).as("%s", sample.sample()).isEmpty();
        }
    }

    private static List<Supplier<Map<String, ConstantValue>>> interpreted(List<Program> programs) {
        return programs.stream().<Supplier<Map<String, ConstantValue>>>map(p ->
            () -> Interpreter.run(p.graph(), p.inputs())).toList();
    }

    private static void verify(int count, Function<List<Program>, List<Supplier<Map<String, ConstantValue>>>> prepare) {
        OpGradients gradients = new OpGradients(ConvolutionSamples.BACKWARD, ConvolutionSamples.backward(SEED, count));
        gradients.compare(GradientCheck.suppliers(gradients.checks(), prepare));
        assertThat(gradients.verdict()).as("seed %d", SEED).isEmpty();
        assertThat(gradients.compared()).isEqualTo(count);
    }
}
