package dev.kiln.stages.trace.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.stages.codegen.GraphBatch.Effort;
import dev.kiln.stages.codegen.GraphRunner;
import dev.kiln.stages.codegen.GraphRunner.Program;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * ONNX's own backend test data, run by generated code and compared under ONNX's tolerances. Cases are compiled in
 * batches: starting a compiler for each would take most of the time.
 */
@Tag("onnx-data")
class OnnxDataTest {
    /** Every case whose number is a multiple of this runs by default, all of them nightly. */
    private static final int STRIDE = 6;
    private static final double RELATIVE = 1e-3;
    private static final double ABSOLUTE = 1e-5;
    /** Between neighbours of bf16: the data cuts bits off where rounding is to the nearest. */
    private static final double BF16_STEP = 1.0 / 128;

    @Test
    void aSampleOfAllCasesPasses() throws IOException {
        Map<String, String> failures = new TreeMap<>();
        for (String category : OnnxPage.CATEGORIES) {
            failures.putAll(failures(category, STRIDE, Effort.FAST));
        }
        assertThat(failures).isEmpty();
    }

    @Test
    @Tag("nightly")
    void allNodeCasesPass() throws IOException {
        assertThat(failures("node", 1, Effort.FULL)).isEmpty();
    }

    @Test
    @Tag("nightly")
    void allModelCasesPass() throws IOException {
        assertThat(failures("simple", 1, Effort.FULL)).isEmpty();
        assertThat(failures("pytorch-operator", 1, Effort.FULL)).isEmpty();
        assertThat(failures("pytorch-converted", 1, Effort.FULL)).isEmpty();
    }

    /** What is wrong, by the name of the case; unsupported ones are on {@link OnnxPage}. */
    private static Map<String, String> failures(String category, int stride, Effort effort) throws IOException {
        Map<String, String> failures = new TreeMap<>();
        List<OnnxCase> cases = new ArrayList<>();
        List<Program> programs = new ArrayList<>();
        List<Path> folders = OnnxCase.folders(category);
        for (int i = 0; i < folders.size(); i += stride) {
            try {
                OnnxCase test = OnnxCase.read(folders.get(i));
                programs.add(new Program(test.imported(), test.inputs()));
                cases.add(test);
            } catch (KilnException.Unsupported e) {
                continue;
            } catch (RuntimeException e) {
                failures.put(folders.get(i).getFileName().toString(), e.toString());
            }
        }
        List<Supplier<Map<String, ConstantValue>>> results =
            new GraphRunner(CpuInfo.detect().bestIsa(), effort).prepare(programs);
        for (int i = 0; i < results.size(); i++) {
            OnnxCase test = cases.get(i);
            difference(test, results.get(i)).ifPresent(d -> failures.put(test.name(), d));
        }
        assertThat(results).isNotEmpty();
        return failures;
    }

    private static Optional<String> difference(OnnxCase test, Supplier<Map<String, ConstantValue>> result) {
        Map<String, ConstantValue> actual;
        try {
            actual = result.get();
        } catch (RuntimeException e) {
            return Optional.of(e.toString());
        }
        return test.outputs().entrySet().stream().flatMap(expected -> difference(expected.getKey(),
            expected.getValue(), actual.get(expected.getKey()), test.isRandom()).stream()).findFirst();
    }

    private static Optional<String> difference(String name, ConstantValue expected, ConstantValue actual,
            boolean random) {
        if (expected.dtype() != actual.dtype() || !expected.sizes().equals(actual.sizes())) {
            return Optional.of(name + " is " + actual.dtype() + actual.sizes() + ", expected " + expected.dtype()
                + expected.sizes());
        }
        double relative = switch (expected.dtype().kind()) {
            case FLOATING -> Math.max(RELATIVE, expected.dtype() == dev.kiln.ops.DType.BF16 ? BF16_STEP : 0);
            default -> 0;
        };
        for (long i = 0; !random && i < expected.numel(); i++) {
            double wanted = expected.doubleAt(i);
            double given = actual.doubleAt(i);
            boolean equal = Double.compare(wanted, given) == 0 || wanted == given
                || Math.abs(wanted - given) <= relative * Math.abs(wanted) + (relative > 0 ? ABSOLUTE : 0);
            if (!equal) {
                return Optional.of(name + "[" + i + "] is " + given + ", expected " + wanted);
            }
        }
        return Optional.empty();
    }
}
