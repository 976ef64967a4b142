package dev.kiln.kernels.gemm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.kernels.cpu.Isa;
import dev.kiln.kernels.gemm.CompiledC.Effort;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Products whose operands are stored in other types than they are multiplied in, against plain loops. All numbers are
 * small and whole, so that every sum is exact.
 */
class TypedGemmTest {
    private static final int[][] SHAPES = {{1, 1}, {33, 7}, {65, 196}, {31, 64}, {48, 130}, {100, 385}};
    private static final int[][] GROUPED = {{1, 32}, {65, 128}, {31, 256}, {96, 384}};
    private static final int[] ROWS = {1, 3, 14, 17, 32, 33, 65};

    record Case(Isa isa, GemmTypes types, MicroGemm micro, GemmSpec.Widening widening) {
        @Override
        public String toString() {
            return isa.cliName() + " " + types.input() + "x" + types.weight() + " as " + types.compute() + " "
                + micro.mr() + "x" + micro.nr() + (micro.tiles() ? " tiles" : "") + " " + widening;
        }
    }

    static Stream<Case> cases() {
        List<Case> cases = new ArrayList<>();
        for (Isa isa : List.of(Isa.BASELINE, Isa.AVX2, Isa.AVX512, Isa.AVX512_BF16, Isa.AMX)) {
            if (isa != Isa.AMX && !CpuInfo.detect().supports(isa)) {
                continue;
            }
            for (Stored input : List.of(Stored.F32, Stored.F16, Stored.BF16, Stored.U8, Stored.I8)) {
                for (Stored weight : Stored.values()) {
                    types(input, weight, isa).forEach(t -> cases.addAll(cases(isa, t)));
                }
            }
        }
        return cases.stream();
    }

    /** One case for each pair of types that is multiplied in another way. */
    static Stream<Case> differentOnes() {
        Set<String> seen = new HashSet<>();
        return cases().filter(c -> c.isa.hasDotProducts() || c.isa == Isa.AVX2)
            .filter(c -> seen.add(c.types.weight() + " " + c.types.compute() + c.micro.tiles() + c.types.widensInput()
                + c.widening));
    }

    private static Stream<GemmTypes> types(Stored input, Stored weight, Isa isa) {
        try {
            return Stream.of(GemmTypes.of(input, weight, isa));
        } catch (IllegalArgumentException unknown) {
            return Stream.empty();
        }
    }

    private static List<Case> cases(Isa isa, GemmTypes types) {
        return MicroGemm.table(isa, types.compute()).stream().filter(m -> m.tiles() == (isa == Isa.AMX))
            .limit(isa == Isa.AVX512_BF16 ? 4 : 1).flatMap(m -> widenings(types, m).map(w -> new Case(isa, types, m, w)))
            .toList();
    }

    private static Stream<GemmSpec.Widening> widenings(GemmTypes types, MicroGemm micro) {
        return !types.widensWeight() ? Stream.of(GemmSpec.Widening.NONE) : micro.tiles()
            ? Stream.of(GemmSpec.Widening.IN_PANELS)
            : Stream.of(GemmSpec.Widening.IN_PANELS, GemmSpec.Widening.IN_REGISTERS);
    }

    @ParameterizedTest
    @MethodSource("differentOnes")
    void multipliesStoredNumbers(Case c) {
        check(c, Effort.FAST, 48);
    }

    @Tag("nightly")
    @ParameterizedTest
    @MethodSource("cases")
    void multipliesStoredNumbersInAnySteps(Case c) {
        check(c, Effort.FULL, 16, 48, 512);
    }

    private static void check(Case c, Effort effort, int... stepsAlongK) {
        boolean grouped = c.types.weight() == Stored.NIBBLES;
        List<GemmSpec> specs = new ArrayList<>();
        for (int[] shape : grouped ? GROUPED : SHAPES) {
            GemmSpec.Groups groups = grouped ? new GemmSpec.Groups(shape[1] % 128 == 0 ? 64 : 32,
                specs.size() % 2 == 0 ? Stored.F32 : Stored.BF16) : GemmSpec.Groups.NONE;
            for (int step : grouped ? new int[] {groups.size() / c.micro.type().depth()} : stepsAlongK) {
                specs.add(new GemmSpec("gemm_" + specs.size(), c.micro, c.types, shape[0], shape[1],
                    new GemmBlocking(2 * c.micro.mr(), 2 * c.micro.nr(), step, 0), groups, specs.size() % 2 == 1,
                    c.widening));
            }
        }
        StringBuilder source = new StringBuilder();
        specs.forEach(s -> source.append(source(s)));
        CompiledC library = CompiledC.load(source.toString(), Set.of(GemmTemplate.microKernels(specs.getFirst())),
            c.micro.tiles() ? "#define KILN_EMULATE_TILES\n" : "", effort);
        for (GemmSpec spec : specs) {
            try (Arena arena = Arena.ofConfined()) {
                check(library, spec, arena);
            }
        }
    }

    private static String source(GemmSpec spec) {
        ElementType sums = spec.micro().type().isInteger() ? ElementType.I32 : ElementType.F32;
        return GemmEpilogue.store(spec.name(), sums) + GemmTemplate.render(spec) + """
            KILN_EXPORT void run_%1$s(const void* a, int64_t lda, const void* b, const void* scales, void* scratch,
                int64_t m, %2$s* c, int64_t ldc) {
              CALL(1);
              %1$s_store store = {c, ldc};
              %1$s(&call, a, lda, b, scales, scratch, %3$d, m, &store);
            }
            """.formatted(spec.name(), sums.c(), spec.scratchBytes());
    }

    /** One matrix of the most rows; each product takes the first of them. */
    private static void check(CompiledC library, GemmSpec spec, Arena arena) {
        int n = (int) spec.n();
        int k = (int) spec.k();
        int most = IntStream.of(ROWS).max().orElseThrow();
        Stored weight = spec.types().weight();
        int lda = spec.copies() ? k + 3 : k + 4 * spec.micro().type().depth();
        SplittableRandom random = new SplittableRandom(31L * most + 7L * n + k);
        double[] a = whole(random, most * lda, spec.types().input());
        double[] b = whole(random, n * k, weight);
        double[] scales = random.doubles(weight == Stored.NIBBLES ? 2L * n * k : 0, -2, 3).map(Math::floor).toArray();
        double[] all = multiply(spec, a, lda, b, scales, most);
        MemorySegment packed = spec.packing().pack(write(weight, b, arena), PackedWeight.Order.NK, arena);
        if (weight != Stored.NIBBLES) {
            MemorySegment other = spec.packing().pack(write(weight, transposed(b, n, k), arena), PackedWeight.Order.KN,
                arena);
            assertThat(packed.mismatch(other)).isEqualTo(-1);
        }
        MemorySegment parameters = write(spec.groups().stored(), scales, arena);
        for (int m : ROWS) {
            MemorySegment c = arena.allocate(4L * m * n + 64, 64).fill((byte) -1);
            MemorySegment scratch = arena.allocate(spec.scratchBytes() + 64, 64).fill((byte) -1);
            MemorySegment left = write(spec.types().input(), Arrays.copyOf(a, m * lda), arena);
            library.call("run_" + spec.name(), left, (long) lda, packed, parameters, scratch, (long) m, c, (long) n);
            double[] result = new double[m * n];
            Arrays.setAll(result, i -> spec.micro().type().isInteger() ? c.getAtIndex(ValueLayout.JAVA_INT, i)
                : c.getAtIndex(ValueLayout.JAVA_FLOAT, i));
            assertThat(result).as("%s rows %d", spec, m).isEqualTo(Arrays.copyOf(all, m * n));
            for (int i = 0; i < 16; i++) {
                assertThat(c.getAtIndex(ValueLayout.JAVA_INT, (long) m * n + i)).isEqualTo(-1);
                assertThat(scratch.get(ValueLayout.JAVA_INT, spec.scratchBytes() + 4L * i)).isEqualTo(-1);
            }
        }
    }

    private static double[] whole(SplittableRandom random, int count, Stored type) {
        return switch (type) {
            case U8 -> random.doubles(count, 0, 256).map(Math::floor).toArray();
            case I8 -> random.doubles(count, -128, 128).map(Math::floor).toArray();
            case NIBBLES -> random.doubles(count, 0, 16).map(Math::floor).toArray();
            default -> random.doubles(count, -4, 5).map(Math::floor).toArray();
        };
    }

    private static double[] transposed(double[] b, int n, int k) {
        double[] other = new double[n * k];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < k; j++) {
                other[j * n + i] = b[i * k + j];
            }
        }
        return other;
    }

    private static double[] multiply(GemmSpec spec, double[] a, int lda, double[] b, double[] scales, int m) {
        int n = (int) spec.n();
        int k = (int) spec.k();
        int group = spec.groups().size();
        double[] c = new double[m * n];
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                for (int p = 0; p < k; p++) {
                    double w = b[j * k + p];
                    if (group > 0) {
                        int at = (p / group * n + j) * 2;
                        w = (w - 8) * scales[at] + scales[at + 1];
                    }
                    c[i * n + j] += a[i * lda + p] * w;
                }
            }
        }
        return c;
    }

    private static MemorySegment write(Stored type, double[] values, Arena arena) {
        MemorySegment to = arena.allocate(Math.max(1, type.bytes(values.length)), 64);
        for (int i = 0; i < values.length; i++) {
            switch (type) {
                case F32 -> to.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) values[i]);
                case F16 -> to.setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16((float) values[i]));
                case BF16 -> to.setAtIndex(ValueLayout.JAVA_SHORT, i,
                    (short) (Float.floatToRawIntBits((float) values[i]) >>> 16));
                case I8, U8 -> to.set(ValueLayout.JAVA_BYTE, i, (byte) (int) values[i]);
                case NIBBLES -> to.set(ValueLayout.JAVA_BYTE, i / 2, (byte) (to.get(ValueLayout.JAVA_BYTE, i / 2)
                    | (int) values[i] << i % 2 * 4));
                default -> throw new IllegalArgumentException(type.toString());
            }
        }
        return to;
    }

    @Test
    void refusesWhatNothingMultiplies() {
        assertThatIllegalArgumentException().isThrownBy(() -> GemmTypes.of(Stored.NIBBLES, Stored.F32, Isa.AVX2));
        assertThatIllegalArgumentException().isThrownBy(() -> GemmTypes.of(Stored.U8, Stored.F32, Isa.AVX2));
        assertThatIllegalArgumentException().isThrownBy(() -> GemmTypes.of(Stored.F64, Stored.F32, Isa.AVX2));
    }
}
