package dev.kiln.stages.gemm;

import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.kernels.cpu.Isa;
import dev.kiln.ops.DType;
import dev.kiln.stages.codegen.GraphBatch.Effort;
import dev.kiln.stages.codegen.GraphRunner.Setup;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/**
 * Graphs around matrix products against libtorch, after the cases that TorchInductor tests its CPU templates with: with
 * fixed sizes and open rows, in scratch memory full of NaN, with memory around outputs that must not be written and
 * memory around inputs that must not be used.
 */
class CpuGemmTest {
    private static final List<DType> FLOATS = List.of(DType.F32, DType.BF16, DType.F16);
    private static final Setup HERE = Setup.of(CpuInfo.detect().bestIsa(), Effort.FAST).withPoison();

    private static List<GemmCase> floats(Function<DType, List<GemmCase>> cases) {
        return FLOATS.stream().flatMap(d -> cases.apply(d).stream()).toList();
    }

    /** All in f32, every third in the other types: what is computed on tiles is f32 there too. */
    private static List<GemmCase> mostlyF32(Function<DType, List<GemmCase>> cases) {
        return FLOATS.stream().flatMap(d -> {
            List<GemmCase> all = cases.apply(d);
            int first = d == DType.F16 ? 1 : 0;
            return IntStream.range(0, all.size()).filter(i -> d == DType.F32 || i % 3 == first).mapToObj(all::get);
        }).toList();
    }

    @TestFactory
    Stream<DynamicTest> multipliesAnySize() {
        return GemmCase.tests(mostlyF32(ShapeCases::of), HERE);
    }

    @TestFactory
    Stream<DynamicTest> computesOnTiles() {
        return GemmCase.tests(mostlyF32(EpilogueCases::of), HERE);
    }

    @TestFactory
    Stream<DynamicTest> multipliesTensors() {
        return GemmCase.tests(mostlyF32(TensorCases::of), HERE);
    }

    @TestFactory
    @Tag("nightly")
    Stream<DynamicTest> multipliesTensorsLikeWeights() {
        return GemmCase.tests(floats(TensorCases::all), HERE);
    }

    @TestFactory
    Stream<DynamicTest> takesOperandsInAnyLayout() {
        return GemmCase.tests(mostlyF32(OperandCases::of), HERE);
    }

    @TestFactory
    Stream<DynamicTest> multipliesShortNumbers() {
        return GemmCase.tests(floats(QuantizedCases::of), HERE);
    }

    @TestFactory
    @Tag("nightly")
    Stream<DynamicTest> multipliesLargeSizes() {
        return GemmCase.tests(floats(ShapeCases::large), Setup.of(CpuInfo.detect().bestIsa(), Effort.FULL).withPoison());
    }

    /** Everything on each instruction set that this CPU has, optimised as in use. */
    @TestFactory
    @Tag("nightly")
    Stream<DynamicTest> agreesOnEveryInstructionSet() {
        List<GemmCase> cases = new ArrayList<>(floats(ShapeCases::of));
        cases.addAll(floats(TensorCases::of));
        cases.addAll(floats(EpilogueCases::of));
        cases.addAll(floats(OperandCases::of));
        cases.addAll(floats(QuantizedCases::of));
        return GemmCase.tests(cases, instructionSets().map(i -> Setup.of(i, Effort.FULL).withPoison())
            .toArray(Setup[]::new));
    }

    static Stream<Isa> instructionSets() {
        return Arrays.stream(Isa.values()).filter(CpuInfo.detect()::supports);
    }
}
