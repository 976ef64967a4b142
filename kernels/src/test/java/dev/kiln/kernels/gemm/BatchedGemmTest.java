package dev.kiln.kernels.gemm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.kiln.kernels.cpu.Isa;
import dev.kiln.kernels.gemm.CompiledC.Effort;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class BatchedGemmTest {
    private static final double UNTOUCHED = -77777;
    private static final int OUTER = 2;
    private static final int INNER = 3;

    /** How an operand's rows and columns lie in memory, and whether a batch dimension is broadcast. */
    private record Layout(boolean transposed, boolean scattered, boolean outerBroadcast,
            boolean innerBroadcast) {
        long[] strides(int rows, int columns) {
            long unit = scattered ? 3 : 1;
            long lead = (transposed ? rows : columns) * unit + 2;
            long matrix = lead * (transposed ? columns : rows);
            return new long[] {outerBroadcast ? 0 : matrix * INNER, innerBroadcast ? 0 : matrix,
                transposed ? unit : lead, transposed ? lead : unit};
        }

        long size(int rows, int columns) {
            return strides(rows, columns)[transposed ? 3 : 2] * (transposed ? columns : rows) * OUTER * INNER;
        }
    }

    private static final Layout PLAIN = new Layout(false, false, false, false);
    private static final Layout TRANSPOSED = new Layout(true, false, false, false);
    private static final Layout SCATTERED = new Layout(false, true, false, true);
    private static final Layout BROADCAST = new Layout(true, true, true, true);

    private static CompiledC compile(BatchedGemm gemm, Effort effort) {
        return CompiledC.load(GemmEpilogue.batchedStore(gemm.name(), gemm.micro().type()) + gemm.render()
                + """
                KILN_EXPORT void run(const %1$s* a, const int64_t* as, const %1$s* b, const int64_t* bs,
                    %1$s* c, int64_t m, int64_t n, int64_t k, int64_t threads) {
                  CALL((int32_t)threads);
                  bmm_store store = {c, m * (n + 1), n + 1};
                  bmm(&call, a, as, b, bs, %2$d, %3$d, m, n, k, &store);
                }
                """.formatted(gemm.micro().type().c(), OUTER, INNER), Set.of(gemm.microKernels()), "",
                effort);
    }

    private static void check(CompiledC library, ElementType type, Layout la, Layout lb, int m, int n,
            int k) {
        SplittableRandom random = new SplittableRandom(m + 100L * n + 10_000L * k);
        long[] as = la.strides(m, k);
        long[] bs = lb.strides(k, n);
        double[] a = random.doubles(la.size(m, k) + 1, -4, 5).map(Math::floor).toArray();
        double[] b = random.doubles(lb.size(k, n) + 1, -4, 5).map(Math::floor).toArray();
        double[] expected = new double[OUTER * INNER * m * (n + 1)];
        Arrays.fill(expected, UNTOUCHED);
        for (int batch = 0; batch < OUTER * INNER; batch++) {
            long a0 = batch / INNER * as[0] + batch % INNER * as[1];
            long b0 = batch / INNER * bs[0] + batch % INNER * bs[1];
            for (int i = 0; i < m; i++) {
                for (int j = 0; j < n; j++) {
                    double sum = 0;
                    for (int p = 0; p < k; p++) {
                        sum += a[(int) (a0 + i * as[2] + p * as[3])] * b[(int) (b0 + p * bs[2] + j * bs[3])];
                    }
                    expected[(batch * m + i) * (n + 1) + j] = sum;
                }
            }
        }
        try (Arena arena = Arena.ofConfined()) {
            double[] before = new double[expected.length];
            Arrays.fill(before, UNTOUCHED);
            MemorySegment c = Elements.write(type, before, arena);
            library.call("run", Elements.write(type, a, arena), arena.allocateFrom(ValueLayout.JAVA_LONG, as),
                    Elements.write(type, b, arena), arena.allocateFrom(ValueLayout.JAVA_LONG, bs), c,
                    (long) m, (long) n, (long) k, (long) (m % 3 + 1));
            assertThat(Elements.read(type, c, expected.length)).as("%s %s %dx%dx%d", la, lb, m, n, k)
                    .isEqualTo(expected);
        }
    }

    static Stream<MicroGemm> registerBlocks() {
        return Stream.concat(
                Stream.of(Isa.values()).map(isa -> MicroGemm.table(isa, ElementType.F32).getFirst()),
                ElementType.numbers().stream().map(type -> MicroGemm.table(Isa.AVX2, type).getLast()))
                .distinct();
    }

    @ParameterizedTest
    @MethodSource("registerBlocks")
    void multipliesAnyShapeAndLayout(MicroGemm micro) {
        checkShapesAndLayouts(micro, Effort.FAST);
    }

    @Tag("nightly")
    @ParameterizedTest
    @MethodSource("registerBlocks")
    void multipliesAnyShapeAndLayoutAsCompiledInUse(MicroGemm micro) {
        checkShapesAndLayouts(micro, Effort.FULL);
    }

    private static void checkShapesAndLayouts(MicroGemm micro, Effort effort) {
        CompiledC library = compile(new BatchedGemm("bmm", micro, 2 * micro.mr(), 2 * micro.nr(), 33), effort);
        int[][] shapes = {{1, 1, 1}, {5, 17, 32}, {6, 16, 33}, {13, 70, 70}, {31, 33, 7}, {1, 129, 99},
            {40, 1, 34}};
        for (int[] shape : shapes) {
            for (Layout a : new Layout[] {PLAIN, TRANSPOSED, SCATTERED, BROADCAST}) {
                for (Layout b : new Layout[] {PLAIN, TRANSPOSED, SCATTERED, BROADCAST}) {
                    check(library, micro.type(), a, b, shape[0], shape[1], shape[2]);
                }
            }
        }
    }

    @Test
    void multipliesWithTheBlocksOfTheFormula() {
        for (ElementType type : new ElementType[] {ElementType.F32, ElementType.F64}) {
            BatchedGemm gemm = BatchedGemm.of("bmm", MicroGemm.table(Isa.AVX2, type).getFirst());
            assertThat(gemm.stackBytes()).isLessThan(400 * 1024);
            CompiledC library = compile(gemm, Effort.FULL);
            check(library, type, PLAIN, TRANSPOSED, 150, 100, 300);
            check(library, type, TRANSPOSED, PLAIN, 20, 200, 64);
        }
    }

    @Test
    void anEmptySumIsZero() {
        MicroGemm micro = MicroGemm.table(Isa.AVX2, ElementType.F32).getFirst();
        CompiledC library = compile(BatchedGemm.of("bmm", micro), Effort.FULL);
        check(library, ElementType.F32, PLAIN, PLAIN, 7, 18, 0);
        check(library, ElementType.F32, PLAIN, PLAIN, 0, 18, 4);
    }

    @Test
    void rejectsBlocksThatCutTheRegisterBlock() {
        MicroGemm micro = MicroGemm.table(Isa.AVX2, ElementType.F32).getFirst();
        assertThatIllegalArgumentException().isThrownBy(() -> new BatchedGemm("bmm", micro, 7, 16, 8));
        assertThatIllegalArgumentException().isThrownBy(() -> new BatchedGemm("b-mm", micro, 6, 16, 8));
    }
}
