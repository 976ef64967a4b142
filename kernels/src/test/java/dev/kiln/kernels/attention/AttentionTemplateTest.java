package dev.kiln.kernels.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.kiln.kernels.cpu.Isa;
import dev.kiln.kernels.gemm.CompiledC;
import dev.kiln.kernels.gemm.ElementType;
import dev.kiln.kernels.gemm.MicroGemm;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class AttentionTemplateTest {
    private static final float UNTOUCHED = -77777;
    private static final float MASKED = Float.NEGATIVE_INFINITY;

    /** A tensor of rank 4 with any order of its dimensions in memory. */
    private record Tensor(float[] data, long[] sizes, long[] strides) {
        static Tensor of(long[] sizes, int[] order, SplittableRandom random) {
            long[] strides = new long[4];
            long step = 1;
            for (int i = 3; i >= 0; i--) {
                strides[order[i]] = step;
                step *= sizes[order[i]] + (i == 3 ? 2 : 0);
            }
            float[] data = new float[(int) step];
            Arrays.fill(data, Float.NaN);
            Tensor tensor = new Tensor(data, sizes, strides);
            tensor.forEach(
                    index -> data[index] = random == null ? UNTOUCHED : (float) random.nextDouble(-2, 2));
            return tensor;
        }

        private interface IndexAction {
            void accept(int index);
        }

        void forEach(IndexAction action) {
            for (int i = 0; i < sizes[0] * sizes[1] * sizes[2] * sizes[3]; i++) {
                long d = i % sizes[3];
                long s = i / sizes[3] % sizes[2];
                long h = i / (sizes[3] * sizes[2]) % sizes[1];
                action.accept(at(i / (sizes[3] * sizes[2] * sizes[1]), h, s, d));
            }
        }

        int at(long b, long h, long s, long d) {
            return (int) (b * strides[0] + h * strides[1] + s * strides[2] + d * strides[3]);
        }

        float get(long b, long h, long s, long d) {
            return data[at(b, h, s, d)];
        }
    }

    private static CompiledC compile(AttentionSpec spec) {
        return CompiledC.load(AttentionTemplate.render(spec) + """
                KILN_EXPORT void run(const float* q, const int64_t* qs, const float* k, const int64_t* ks,
                    const float* v, const int64_t* vs, const float* mask, const int64_t* ms, float* out,
                    const int64_t* os, const int64_t* sizes, const float* scale) {
                  CALL((int32_t)sizes[4]);
                  attention(&call, q, qs, k, ks, v, vs, mask, ms, out, os, sizes[0], sizes[1], sizes[2],
                          sizes[3], *scale);
                }
                """, Set.of(AttentionTemplate.microKernels(spec)));
    }

    private static Tensor run(CompiledC library, Tensor q, Tensor k, Tensor v, Tensor mask, int[] order,
            int threads, float scale) {
        long[] sizes = {q.sizes[0], q.sizes[1], q.sizes[2], v.sizes[3]};
        Tensor out = Tensor.of(sizes, order, null);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment result = arena.allocateFrom(ValueLayout.JAVA_FLOAT, out.data);
            library.call("run", data(arena, q), strides(arena, q), data(arena, k), strides(arena, k),
                    data(arena, v), strides(arena, v), data(arena, mask), strides(arena, mask), result,
                    strides(arena, out),
                    arena.allocateFrom(ValueLayout.JAVA_LONG, sizes[0], sizes[1], sizes[2], k.sizes[2],
                    threads),
                    arena.allocateFrom(ValueLayout.JAVA_FLOAT, scale));
            MemorySegment.copy(result, ValueLayout.JAVA_FLOAT, 0, out.data, 0, out.data.length);
        }
        return out;
    }

    private static MemorySegment data(Arena arena, Tensor tensor) {
        return tensor == null ? MemorySegment.NULL : arena.allocateFrom(ValueLayout.JAVA_FLOAT, tensor.data);
    }

    private static MemorySegment strides(Arena arena, Tensor tensor) {
        return tensor == null ? MemorySegment.NULL : arena.allocateFrom(ValueLayout.JAVA_LONG,
                tensor.strides);
    }

    private static double[] expected(Tensor q, Tensor k, Tensor v, Tensor mask, double scale, long b,
            long h, long row) {
        int keys = (int) k.sizes[2];
        double[] weights = new double[keys];
        double most = Double.NEGATIVE_INFINITY;
        for (int j = 0; j < keys; j++) {
            double sum = 0;
            for (int d = 0; d < q.sizes[3]; d++) {
                sum += (double) q.get(b, h, row, d) * k.get(b, h, j, d);
            }
            weights[j] = sum * scale + (mask == null ? 0 : mask.get(b, h, row, j));
            most = Math.max(most, weights[j]);
        }
        double[] out = new double[(int) v.sizes[3]];
        double total = 0;
        for (int j = 0; j < keys; j++) {
            double weight = Math.exp(weights[j] - most);
            total += weight;
            for (int d = 0; d < out.length; d++) {
                out[d] += weight * v.get(b, h, j, d);
            }
        }
        for (int d = 0; d < out.length; d++) {
            out[d] /= total;
        }
        return out;
    }

    private static void check(CompiledC library, Tensor q, Tensor k, Tensor v, Tensor mask, int[] order,
            int threads) {
        float scale = 0.37f;
        Tensor out = run(library, q, k, v, mask, order, threads, scale);
        long writes = q.sizes[0] * q.sizes[1] * q.sizes[2] * v.sizes[3];
        for (long b = 0; b < q.sizes[0]; b++) {
            for (long h = 0; h < q.sizes[1]; h++) {
                for (long row = 0; row < q.sizes[2]; row++) {
                    double[] expected = expected(q, k, v, mask, scale, b, h, row);
                    for (int d = 0; d < expected.length; d++, writes--) {
                        float actual = out.get(b, h, row, d);
                        if (!(Double.isNaN(expected[d]) && Float.isNaN(actual))) {
                            assertThat((double) actual).as("[%d, %d, %d, %d]", b, h, row, d)
                                    .isCloseTo(expected[d], within(2e-5));
                        }
                    }
                }
            }
        }
        assertThat(writes).isZero();
    }

    private static MicroGemm micro(Isa isa) {
        return MicroGemm.table(isa, ElementType.F32).getFirst();
    }

    @ParameterizedTest
    @EnumSource
    void matchesTheFormulaOnEveryInstructionSet(Isa isa) {
        MicroGemm micro = micro(isa);
        CompiledC library = compile(new AttentionSpec("attention", micro, 20, 33, 2 * micro.mr(),
                2 * micro.nr()));
        SplittableRandom random = new SplittableRandom(3);
        for (int keys : new int[] {1, 15, 16, 33, 64, 131}) {
            for (int queries : new int[] {1, 5, 29}) {
                Tensor q = Tensor.of(new long[] {2, 3, queries, 20}, new int[] {0, 2, 1, 3}, random);
                Tensor k = Tensor.of(new long[] {2, 3, keys, 20}, new int[] {0, 1, 2, 3}, random);
                Tensor v = Tensor.of(new long[] {2, 3, keys, 33}, new int[] {0, 2, 1, 3}, random);
                check(library, q, k, v, null, new int[] {0, 2, 1, 3}, keys % 3 + 1);
            }
        }
    }

    @Test
    void acceptsAnyStrides() {
        CompiledC library = compile(new AttentionSpec("attention", micro(Isa.AVX2), 16, 16, 12, 32));
        SplittableRandom random = new SplittableRandom(4);
        int[][] orders = {{0, 1, 2, 3}, {0, 1, 3, 2}, {3, 2, 1, 0}, {2, 0, 3, 1}};
        for (int[] order : orders) {
            Tensor q = Tensor.of(new long[] {2, 2, 19, 16}, order, random);
            Tensor k = Tensor.of(new long[] {2, 2, 70, 16}, orders[order[0]], random);
            Tensor v = Tensor.of(new long[] {2, 2, 70, 16}, orders[order[1]], random);
            check(library, q, k, v, null, orders[order[2]], 2);
        }
    }

    @ParameterizedTest
    @CsvSource({"true,true,true,false", "true,false,true,true", "false,false,false,false",
        "true,true,false,true", "false,false,true,false"})
    void addsBroadcastMasks(boolean batch, boolean head, boolean query, boolean transposed) {
        CompiledC library = compile(new AttentionSpec("attention", micro(Isa.AVX2), 8, 24, 12, 32));
        SplittableRandom random = new SplittableRandom(5);
        Tensor q = Tensor.of(new long[] {2, 2, 17, 8}, new int[] {0, 1, 2, 3}, random);
        Tensor k = Tensor.of(new long[] {2, 2, 81, 8}, new int[] {0, 1, 2, 3}, random);
        Tensor v = Tensor.of(new long[] {2, 2, 81, 24}, new int[] {0, 1, 2, 3}, random);
        Tensor mask = Tensor.of(new long[] {batch ? 2 : 1, head ? 2 : 1, query ? 17 : 1, 81},
                transposed ? new int[] {0, 1, 3, 2} : new int[] {0, 1, 2, 3}, random);
        mask.forEach(index -> mask.data[index] = index % 3 == 0 ? MASKED : mask.data[index]);
        if (!batch) {
            mask.strides[0] = 0;
        }
        if (!head) {
            mask.strides[1] = 0;
        }
        if (!query) {
            mask.strides[2] = 0;
        }
        check(library, q, k, v, mask, new int[] {0, 2, 1, 3}, 2);
    }

    @Test
    void rowsWithoutAnyKeyGiveNaNAndLateKeysCount() {
        CompiledC library = compile(new AttentionSpec("attention", micro(Isa.AVX2), 8, 8, 12, 16));
        SplittableRandom random = new SplittableRandom(6);
        Tensor q = Tensor.of(new long[] {1, 1, 9, 8}, new int[] {0, 1, 2, 3}, random);
        Tensor k = Tensor.of(new long[] {1, 1, 50, 8}, new int[] {0, 1, 2, 3}, random);
        Tensor v = Tensor.of(new long[] {1, 1, 50, 8}, new int[] {0, 1, 2, 3}, random);
        Tensor mask = Tensor.of(new long[] {1, 1, 9, 50}, new int[] {0, 1, 2, 3}, random);
        for (int row = 0; row < 9; row++) {
            for (int key = 0; key < 50; key++) {
                boolean open = row != 2 && (row != 3 || key > 45) && (row != 4 || key < 3);
                mask.data[mask.at(0, 0, row, key)] = open ? 0 : MASKED;
            }
        }
        check(library, q, k, v, mask, new int[] {0, 1, 2, 3}, 1);
        Tensor out = run(library, q, k, v, mask, new int[] {0, 1, 2, 3}, 1, 1);
        assertThat(out.get(0, 0, 2, 0)).isNaN();
        assertThat(out.get(0, 0, 3, 0)).isFinite();
    }

    @Test
    void keepsLargeScoresFromOverflowing() {
        CompiledC library = compile(new AttentionSpec("attention", micro(Isa.AVX2), 8, 8, 12, 16));
        SplittableRandom random = new SplittableRandom(7);
        Tensor q = Tensor.of(new long[] {1, 1, 7, 8}, new int[] {0, 1, 2, 3}, random);
        Tensor k = Tensor.of(new long[] {1, 1, 40, 8}, new int[] {0, 1, 2, 3}, random);
        Tensor v = Tensor.of(new long[] {1, 1, 40, 8}, new int[] {0, 1, 2, 3}, random);
        k.forEach(index -> k.data[index] = Math.scalb(Math.round(k.data[index] * 8), 12));
        q.forEach(index -> q.data[index] = Math.round(q.data[index] * 8));
        Tensor out = run(library, q, k, v, null, new int[] {0, 1, 2, 3}, 1, 1);
        for (int row = 0; row < 7; row++) {
            double[] expected = expected(q, k, v, null, 1, 0, 0, row);
            for (int d = 0; d < 8; d++) {
                assertThat((double) out.get(0, 0, row, d)).isCloseTo(expected[d], within(1e-5));
            }
        }
    }

    @Test
    void theFormulaBoundsTheStack() {
        for (int dim : new int[] {1, 32, 64, 80, 128, 256, AttentionSpec.MAX_DIM}) {
            for (Isa isa : Isa.values()) {
                AttentionSpec spec = AttentionSpec.of("attention", micro(isa), dim, dim);
                assertThat(AttentionTemplate.stackBytes(spec)).isLessThan(400 * 1024);
            }
        }
        assertThatIllegalArgumentException().isThrownBy(() -> AttentionSpec.of("attention", micro(Isa.AVX2),
                513, 8));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new AttentionSpec("attention", micro(Isa.AVX2), 8, 8, 7, 16));
    }
}
