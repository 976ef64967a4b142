package dev.kiln.kernels.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.kernels.NativeFixture;
import dev.kiln.ops.DType;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The functions that every shared object carries in place of a C library. */
class PreludeTest {
    private static KilnRuntime runtime;
    private static NativeGraph graph;

    @BeforeAll
    static void open() {
        Path file = NativeFixture.graph("""
                int64_t kiln_workspace_bytes(const int64_t* s, int32_t threads) { return 0; }
                int32_t kiln_entry(const kiln_call* c) {
                  const int64_t* s = c->syms;
                  char* bytes = c->outputs[0];
                  switch (s[0]) {
                    case 0: __builtin_memmove(bytes + s[1], bytes + s[2], s[3]); return 0;
                    case 1: __builtin_memset(bytes + s[1], s[2], s[3]); return 0;
                    case 2: __builtin_memcpy(bytes + s[1], (const char*)c->inputs[0] + s[2], s[3]); return 0;
                    case 3: return __builtin_memcmp(bytes, c->inputs[0], s[3]) + 10;
                    case 4: for (int64_t i = 0; i < s[3]; i++)
                        ((__bf16*)c->outputs[0])[i] = (__bf16)((const float*)c->inputs[0])[i];
                      return 0;
                    default: for (int64_t i = 0; i < s[3]; i++)
                        ((_Float16*)c->outputs[0])[i] = (_Float16)((const double*)c->inputs[0])[i];
                      return 0;
                  }
                }
                """);
        runtime = NativeFixture.runtime(1);
        graph = GraphLibrary.open(runtime, file, NativeFixture.ISA).bind(List.of(), List.of());
    }

    @AfterAll
    static void close() {
        graph.close();
        runtime.close();
    }

    private static void run(Tensor in, Tensor out, long... syms) {
        graph.call(syms, new MemorySegment[] {in.data()}, new MemorySegment[] {out.data()});
    }

    private static Tensor bytes(byte[] values) {
        return Tensor.ofBytes(DType.I8, values, values.length);
    }

    private static byte[] content(Tensor tensor) {
        return tensor.data().toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
    }

    @Test
    void copiesMovesAndFillsAnyRange() {
        Random random = new Random(1);
        byte[] source = new byte[400];
        random.nextBytes(source);
        for (int i = 0; i < 2000; i++) {
            int n = random.nextInt(200);
            int to = random.nextInt(200);
            int from = random.nextInt(200);
            byte[] moved = source.clone();
            System.arraycopy(source, from, moved, to, n);
            Tensor out = bytes(source);
            run(out, out, 0, to, from, n);
            assertThat(content(out)).isEqualTo(moved);

            byte[] filled = source.clone();
            Arrays.fill(filled, to, to + n, (byte) from);
            out = bytes(source);
            run(out, out, 1, to, from, n);
            assertThat(content(out)).isEqualTo(filled);

            byte[] copied = new byte[400];
            System.arraycopy(source, from, copied, to, n);
            out = bytes(new byte[400]);
            run(bytes(source), out, 2, to, from, n);
            assertThat(content(out)).isEqualTo(copied);
        }
    }

    @Test
    void comparesAsUnsignedBytes() {
        Tensor low = bytes(new byte[] {1, 2, 3});
        Tensor high = bytes(new byte[] {1, 2, -3});
        assertThat(code(low, high)).isGreaterThan(10);
        assertThat(code(high, low)).isLessThan(10);
        assertThat(code(low, low)).isEqualTo(10);
    }

    private static int code(Tensor in, Tensor out) {
        try {
            run(in, out, 3, 0, 0, 3);
            return 0;
        } catch (NativeCallException e) {
            return e.code();
        }
    }

    @Test
    void roundsFloatsToBf16() {
        Random random = new Random(2);
        float[] values = new float[10_000];
        for (int i = 0; i < values.length; i++) {
            values[i] = Float.intBitsToFloat(i % 3 == 0 ? random.nextInt() & ~0x7fff : random.nextInt());
        }
        for (int i = 0; i < values.length; i++) {
            /* The instruction, where there is one, takes numbers too small to be normal for zero. */
            values[i] = Math.abs(values[i]) < Float.MIN_NORMAL ? 0 : values[i];
        }
        values[0] = Float.NaN;
        values[1] = Float.NEGATIVE_INFINITY;
        values[2] = Float.MAX_VALUE;
        Tensor out = Tensor.allocate(DType.BF16, values.length);
        run(Tensor.ofFloats(values, values.length), out, 4, 0, 0, values.length);
        assertThat(out.toFloatArray())
                .isEqualTo(Tensor.ofFloats(DType.BF16, values, values.length).toFloatArray());
    }

    @Test
    void roundsDoublesToHalfOnce() {
        double tie = 1 + 0x1p-11;
        double[] values = {tie, tie + 0x1p-40, -tie - 0x1p-40, tie + 0x1p-10 - 0x1p-40, 65504, 65519.999999999,
            65520, Double.NaN, Double.NEGATIVE_INFINITY, 1e-300, 0x1p-25 + 0x1p-60, -0.0, 1e300};
        float[] expected = {1, 1 + 0x1p-10f, -1 - 0x1p-10f, 1 + 0x1p-10f, 65504, 65504,
            Float.POSITIVE_INFINITY, Float.NaN, Float.NEGATIVE_INFINITY, 0, 0x1p-24f, -0f,
            Float.POSITIVE_INFINITY};
        Tensor out = Tensor.allocate(DType.F16, values.length);
        run(Tensor.ofDoubles(values, values.length), out, 5, 0, 0, values.length);
        assertThat(out.toFloatArray()).containsExactly(expected);
    }
}
