package dev.kiln.kernels.gemm;

import static org.assertj.core.api.Assertions.assertThat;

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
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Products of two run-time operands in all layouts against plain loops, with memory around them that must not be used. All
 * numbers are small and whole, so that every sum is exact.
 */
class TensorGemmTest {
    private static final int[][] SHAPES = {{1, 1}, {2, 15}, {17, 2}, {33, 17}, {65, 196}, {257, 33}, {64, 100}, {100, 257}};
    private static final int[] ROWS = {1, 2, 15, 17, 33, 64, 100};
    /** Between rows, or columns, that are not packed densely. */
    private static final int GAP = 5;

    record Case(Isa isa, Stored stored, MicroGemm micro, boolean byColumns, PackedWeight.Order order) {
        @Override
        public String toString() {
            return isa.cliName() + " " + stored + " as " + micro.type() + " " + micro.mr() + "x" + micro.nr()
                + (micro.tiles() ? " tiles" : "") + (byColumns ? " by columns" : " by rows") + " times " + order;
        }

        GemmSpec spec(String name, int n, int k, int step) {
            Stored panels = micro.type() == ElementType.BF16_PAIR ? Stored.BF16 : Stored.F32;
            GemmTypes types = micro.type().isInteger() || micro.type() == ElementType.F64 ? GemmTypes.of(micro.type())
                : new GemmTypes(stored, panels, micro.type());
            return new GemmSpec(name, micro, types, n, k,
                new GemmBlocking(2 * micro.mr(), 2 * micro.nr(), step, 0), GemmSpec.Groups.NONE, micro.type().depth() > 1,
                GemmSpec.Widening.NONE, new GemmSpec.Layout(byColumns, Optional.of(new GemmSpec.Tensor(order, stored))));
        }
    }

    static Stream<Case> cases() {
        List<Case> cases = new ArrayList<>();
        for (Isa isa : List.of(Isa.BASELINE, Isa.AVX2, Isa.AVX512, Isa.AVX512_BF16, Isa.AMX)) {
            if (isa != Isa.AMX && !CpuInfo.detect().supports(isa)) {
                continue;
            }
            for (Stored stored : List.of(Stored.F32, Stored.F16, Stored.BF16, Stored.F64)) {
                ElementType compute = stored == Stored.F64 ? ElementType.F64 : GemmTypes.of(stored, stored, isa).compute();
                MicroGemm micro = MicroGemm.table(isa, compute).getFirst();
                for (PackedWeight.Order order : micro.tiles() == (isa == Isa.AMX) ? PackedWeight.Order.values()
                        : new PackedWeight.Order[0]) {
                    cases.add(new Case(isa, stored, micro, false, order));
                    cases.add(new Case(isa, stored, micro, true, order));
                }
            }
        }
        return cases.stream();
    }

    /** One case for each way of packing and multiplying. */
    static Stream<Case> differentOnes() {
        Set<String> seen = new HashSet<>();
        return cases().filter(c -> c.isa.hasDotProducts() || c.isa == Isa.AVX2).filter(c -> c.stored != Stored.F64)
            .filter(c -> seen.add(c.stored + " " + c.micro.type() + c.micro.tiles() + c.byColumns + c.order));
    }

    /** Every other shape: the even ones or the odd ones, by the case. */
    @ParameterizedTest
    @MethodSource("differentOnes")
    void multipliesTensors(Case c) {
        int first = Math.floorMod(c.toString().hashCode(), 2);
        check(c, Effort.FAST,
            IntStream.range(0, SHAPES.length).filter(i -> i % 2 == first).mapToObj(i -> SHAPES[i]).toList());
    }

    @Tag("nightly")
    @ParameterizedTest
    @MethodSource("cases")
    void multipliesTensorsOnEveryInstructionSet(Case c) {
        check(c, Effort.FULL, List.of(SHAPES));
    }

    private static void check(Case c, Effort effort, List<int[]> shapes) {
        List<GemmSpec> specs = new ArrayList<>();
        for (int[] shape : shapes) {
            specs.add(c.spec("gemm_" + specs.size(), shape[0], shape[1], specs.size() % 2 == 0 ? 48 : 1024));
        }
        String source = specs.stream().map(TensorGemmTest::source).collect(Collectors.joining());
        CompiledC library = CompiledC.load(source, Set.of(GemmTemplate.microKernels(specs.getFirst())),
            c.micro.tiles() ? "#define KILN_EMULATE_TILES\n" : "", effort);
        for (GemmSpec spec : specs) {
            for (int m : ROWS) {
                check(library, c, spec, m);
            }
        }
    }

    private static String source(GemmSpec spec) {
        ElementType sums = spec.micro().type() == ElementType.F64 ? ElementType.F64 : ElementType.F32;
        return GemmEpilogue.store(spec.name(), sums) + GemmTemplate.render(spec) + """
            KILN_EXPORT void run_%1$s(const void* a, int64_t lda, const void* b, int64_t ldb, void* panels, void* scratch,
                int64_t m, %2$s* c) {
              CALL(3);
              %1$s_store store = {c, %4$d};
              for (int64_t p = 0; p < %5$d; p += %6$d) {
                const int64_t end = p + %6$d < %5$d ? p + %6$d : %5$d;
                %1$s_right(&call, b, ldb, panels, p, end);
                %1$s_over(&call, a, lda, panels, 0, scratch, %3$d, m, &store, p, end);
              }
            }
            """.formatted(spec.name(), sums.c(), spec.scratchBytes(), spec.n(), spec.panels(), piece(spec));
    }

    /** Panels that are packed at a time: all, or a third. */
    private static long piece(GemmSpec spec) {
        return spec.name().hashCode() % 2 == 0 ? spec.panels() : Math.ceilDiv(spec.panels(), 3);
    }

    private static void check(CompiledC library, Case c, GemmSpec spec, int m) {
        int n = (int) spec.n();
        int k = (int) spec.k();
        SplittableRandom random = new SplittableRandom(31L * m + 7L * n + k);
        double[] a = random.doubles((long) m * k, -4, 5).map(Math::floor).toArray();
        double[] b = random.doubles((long) k * n, -4, 5).map(Math::floor).toArray();
        boolean doubles = c.stored == Stored.F64;
        int lda = (c.byColumns ? m : k) + GAP;
        int ldb = (c.order == PackedWeight.Order.KN ? n : k) + GAP;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment left = c.byColumns ? matrix(c.stored, a, m, k, 1, lda, arena)
                : matrix(c.stored, a, m, k, lda, 1, arena);
            MemorySegment right = c.order == PackedWeight.Order.KN ? matrix(c.stored, b, k, n, ldb, 1, arena)
                : matrix(c.stored, b, k, n, 1, ldb, arena);
            MemorySegment panels = arena.allocate(spec.panelBytes() + 64, 64).fill((byte) -1);
            MemorySegment scratch = arena.allocate(spec.scratchBytes() + 64, 64).fill((byte) -1);
            MemorySegment out = arena.allocate((doubles ? 8L : 4L) * m * n + 64, 64).fill((byte) -1);
            library.call("run_" + spec.name(), left, (long) lda, right, (long) ldb, panels, scratch, (long) m, out);
            double[] result = new double[m * n];
            Arrays.setAll(result, i -> doubles ? out.getAtIndex(ValueLayout.JAVA_DOUBLE, i)
                : out.getAtIndex(ValueLayout.JAVA_FLOAT, i));
            assertThat(result).as("%s of %dx%dx%d", c, m, k, n).isEqualTo(multiply(a, b, m, n, k));
            for (MemorySegment whole : List.of(panels, scratch, out)) {
                assertThat(whole.asSlice(whole.byteSize() - 64).toArray(ValueLayout.JAVA_BYTE)).containsOnly(-1);
            }
        }
    }

    private static double[] multiply(double[] a, double[] b, int m, int n, int k) {
        double[] c = new double[m * n];
        for (int i = 0; i < m; i++) {
            for (int p = 0; p < k; p++) {
                for (int j = 0; j < n; j++) {
                    c[i * n + j] += a[i * k + p] * b[p * n + j];
                }
            }
        }
        return c;
    }

    /** The matrix with those strides, which ends where its last element does; NaN in between. */
    private static MemorySegment matrix(Stored type, double[] values, int rows, int columns, int row, int column, Arena arena) {
        long last = (rows - 1L) * row + (columns - 1L) * column;
        MemorySegment to = arena.allocate(type.bytes(last + 1), 64).fill((byte) -1);
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                long at = (long) i * row + (long) j * column;
                double value = values[i * columns + j];
                switch (type) {
                    case F64 -> to.setAtIndex(ValueLayout.JAVA_DOUBLE, at, value);
                    case F32 -> to.setAtIndex(ValueLayout.JAVA_FLOAT, at, (float) value);
                    case F16 -> to.setAtIndex(ValueLayout.JAVA_SHORT, at, Float.floatToFloat16((float) value));
                    case BF16 -> to.setAtIndex(ValueLayout.JAVA_SHORT, at,
                        (short) (Float.floatToRawIntBits((float) value) >>> 16));
                    default -> throw new IllegalArgumentException(type.toString());
                }
            }
        }
        return to;
    }
}
