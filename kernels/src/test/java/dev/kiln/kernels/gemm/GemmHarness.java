package dev.kiln.kernels.gemm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.kernels.gemm.CompiledC.Effort;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Compiles products and compares them with a plain triple loop. Inputs are small whole numbers, so that the
 * sums are exact in any order and the comparison can be for equality.
 */
final class GemmHarness {
    private static final FunctionDescriptor RUN = FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT,
            ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG,
            ValueLayout.ADDRESS, ValueLayout.JAVA_LONG);
    private static final double UNTOUCHED = -77777;

    private final Map<GemmSpec, MethodHandle> kernels = new LinkedHashMap<>();

    GemmHarness(List<GemmSpec> specs) {
        this(specs, Effort.FULL);
    }

    GemmHarness(List<GemmSpec> specs, Effort effort) {
        StringBuilder source = new StringBuilder();
        for (GemmSpec spec : specs) {
            source.append(source(spec));
        }
        CompiledC library = CompiledC.load(source.toString(),
                specs.stream().map(GemmTemplate::microKernels).collect(Collectors.toSet()), "", effort);
        for (GemmSpec spec : specs) {
            kernels.put(spec, library.function("run_" + spec.name(), RUN));
        }
    }

    static String source(GemmSpec spec) {
        return GemmEpilogue.store(spec.name(), spec.elementType()) + GemmTemplate.render(spec) + """
                KILN_EXPORT void run_%1$s(int32_t threads, const %2$s* a, int64_t lda, const %2$s* b,
                    int64_t m, %2$s* c, int64_t ldc) {
                  CALL(threads);
                  %1$s_store store = {c, ldc};
                  %1$s(&call, a, lda, b, 0, 0, 0, m, &store);
                }
                """.formatted(spec.name(), spec.elementType().c());
    }

    static List<GemmSpec> specs(MicroGemm micro, int[][] shapes) {
        List<GemmSpec> specs = new ArrayList<>();
        for (int[] nk : shapes) {
            GemmBlocking blocking = GemmBlocking.of(micro, nk[0], nk[1], new CacheSizes(0, 0));
            specs.add(new GemmSpec("gemm_" + nk[0] + "_" + nk[1], micro, nk[0], nk[1], blocking));
        }
        return specs;
    }

    void checkAll(int... rows) {
        for (GemmSpec spec : kernels.keySet()) {
            try (Arena arena = Arena.ofConfined()) {
                check(spec, rows, arena);
            }
        }
    }

    /** One matrix of the most rows; each product takes the first of them. */
    private void check(GemmSpec spec, int[] rows, Arena arena) {
        ElementType type = spec.elementType();
        int most = IntStream.of(rows).max().orElseThrow();
        int n = (int) spec.n();
        int k = (int) spec.k();
        int lda = k + 3;
        int ldc = n + 5;
        SplittableRandom random = new SplittableRandom(31L * most + 7L * n + k);
        double[] a = random.doubles((long) most * lda, -4, 5).map(Math::floor).toArray();
        double[] b = random.doubles((long) k * n, -4, 5).map(Math::floor).toArray();
        double[] all = multiply(a, lda, b, most, n, k, ldc);
        poisonPadding(a, most, k, lda, type);
        MemorySegment packed = packPoisoned(spec, b, arena);
        for (int m : rows) {
            MemorySegment left = Elements.write(type, Arrays.copyOf(a, m * lda), arena);
            MemorySegment c = Elements.write(type, constant(m * ldc, UNTOUCHED), arena);
            call(spec, m % 3 + 1, left, lda, packed, m, c, ldc);
            assertThat(Elements.read(type, c, m * ldc)).as("%s M=%d threads=%d", spec, m, m % 3 + 1)
                    .isEqualTo(Arrays.copyOf(all, m * ldc));
        }
    }

    private void call(GemmSpec spec, int threads, MemorySegment a, long lda, MemorySegment b, long m,
            MemorySegment c, long ldc) {
        try {
            kernels.get(spec).invokeExact(threads, a, lda, b, m, c, ldc);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    private static MemorySegment packPoisoned(GemmSpec spec, double[] b, Arena arena) {
        ElementType type = spec.elementType();
        PackedWeight layout = new PackedWeight(spec.micro(), spec.n(), spec.k());
        MemorySegment packed = layout.pack(Elements.write(type, b, arena), PackedWeight.Order.KN, arena);
        int nr = spec.micro().nr();
        for (long k = 0; k < spec.k(); k++) {
            for (long n = spec.n(); n < layout.panels() * nr; n++) {
                Elements.set(type, packed, (n / nr * spec.k() + k) * nr + n % nr, Double.NaN);
            }
        }
        return packed;
    }

    private static double[] multiply(double[] a, int lda, double[] b, int m, int n, int k, int ldc) {
        double[] c = constant(m * ldc, UNTOUCHED);
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                double sum = 0;
                for (int p = 0; p < k; p++) {
                    sum += a[i * lda + p] * b[p * n + j];
                }
                c[i * ldc + j] = sum;
            }
        }
        return c;
    }

    private static void poisonPadding(double[] a, int m, int k, int lda, ElementType type) {
        for (int i = 0; i < m; i++) {
            for (int p = k; p < lda; p++) {
                a[i * lda + p] = type.isInteger() ? 1e9 : Double.NaN;
            }
        }
    }

    private static double[] constant(int length, double value) {
        double[] values = new double[length];
        Arrays.fill(values, value);
        return values;
    }
}
