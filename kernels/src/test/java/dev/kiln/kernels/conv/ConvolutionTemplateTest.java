package dev.kiln.kernels.conv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.kiln.kernels.NativeFixture;
import dev.kiln.kernels.gemm.CompiledC;
import dev.kiln.kernels.gemm.ElementType;
import dev.kiln.kernels.gemm.GemmEpilogue;
import dev.kiln.kernels.gemm.MicroGemm;
import dev.kiln.kernels.gemm.MicroKernels;
import dev.kiln.kernels.gemm.PackedWeight;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Inputs are small whole numbers, so that sums are exact in any order. */
class ConvolutionTemplateTest {
    private static final float UNTOUCHED = -77777;

    /** A convolution with {@code groups} 1 or as many as channels. */
    private record Case(String name, Window window, int channels, int outputs, boolean depthwise, int tileOrDepth) {
    }

    private record Size(int images, int h, int w, int padAfter, boolean channelsLast, int threads) {
    }

    private static final List<Window> WINDOWS = List.of(new Window(3, 3, 1, 1, 1, 1, 1, 1),
            new Window(1, 1, 2, 2, 0, 0, 1, 1), new Window(7, 7, 2, 2, 3, 3, 1, 1),
            new Window(3, 2, 2, 1, 0, 1, 1, 1), new Window(3, 3, 1, 1, 2, 2, 2, 2),
            new Window(2, 3, 1, 3, 1, 0, 3, 2), new Window(1, 5, 1, 1, 0, 2, 1, 1));

    @Test
    void convolvesAnyShape() {
        SplittableRandom random = new SplittableRandom(11);
        List<Case> cases = new ArrayList<>();
        for (Window window : WINDOWS) {
            int channels = random.nextInt(1, 40);
            cases.add(new Case("dense" + cases.size(), window, channels, random.nextInt(1, 70), false, 512));
            cases.add(new Case("steps" + cases.size(), window, channels, random.nextInt(1, 70), false, 7));
            cases.add(new Case("depth" + cases.size(), window, channels + 20, channels + 20, true,
                    random.nextInt(1, 9)));
        }
        CompiledC library = compile(cases);
        for (Case c : cases) {
            for (Size size : List.of(new Size(1, 9, 17, 1, true, 1), new Size(2, 8, 8, 0, false, 2),
                    new Size(1, 7, 31, 2, false, 3))) {
                check(library, c, size, random);
            }
        }
    }

    private static CompiledC compile(List<Case> cases) {
        StringBuilder source = new StringBuilder();
        Set<MicroKernels> kernels = new HashSet<>();
        for (Case c : cases) {
            source.append(GemmEpilogue.store(c.name, ElementType.F32)).append(c.depthwise
                    ? ConvolutionTemplate.render(depthwise(c)) : ConvolutionTemplate.render(dense(c)));
            if (!c.depthwise) {
                kernels.add(dense(c).microKernels());
            }
            source.append("""
                    KILN_EXPORT void run_%1$s(const float* x, const int64_t* xs, const int64_t* sizes,
                        const float* b, char* scratch, float* c) {
                      CALL((int32_t)sizes[6]);
                      %1$s_store store = {c, %2$d};
                      %1$s(&call, x, xs, sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], b, scratch, sizes[5], 0,
                          &store);
                    }
                    """.formatted(c.name, c.outputs));
        }
        return CompiledC.load(source.toString(), kernels);
    }

    private static ConvolutionSpec dense(Case c) {
        MicroGemm micro = MicroGemm.table(NativeFixture.ISA, ElementType.F32).getFirst();
        return new ConvolutionSpec(c.name, micro, c.window, c.channels, c.outputs, c.tileOrDepth);
    }

    private static DepthwiseSpec depthwise(Case c) {
        return new DepthwiseSpec(c.name, NativeFixture.ISA.vectorBytes(), c.window, c.channels, c.tileOrDepth);
    }

    private static void check(CompiledC library, Case c, Size s, SplittableRandom random) {
        Window w = c.window;
        int oh = (s.h + w.padH() + s.padAfter - w.spanH()) / w.strideH() + 1;
        int ow = (s.w + w.padW() + s.padAfter - w.spanW()) / w.strideW() + 1;
        float[] x = numbers(random, s.images * s.h * s.w * c.channels);
        int perOutput = (c.depthwise ? 1 : c.channels) * w.taps();
        float[] weight = numbers(random, c.outputs * perOutput);
        long[] strides = s.channelsLast ? new long[] {s.h * s.w * c.channels, s.w * c.channels, c.channels, 1}
                : new long[] {s.h * s.w * c.channels, s.w, 1, s.h * s.w};
        float[] expected = expected(c, s, x, strides, weight, oh, ow);
        try (Arena arena = Arena.ofConfined()) {
            PackedWeight packing = c.depthwise ? depthwise(c).packing() : dense(c).packing(1);
            MemorySegment packed = packing.pack(arena.allocateFrom(ValueLayout.JAVA_FLOAT, weight),
                    PackedWeight.Order.NK, arena);
            int width = c.depthwise ? depthwise(c).nr() : c.channels;
            long bytes = ConvolutionTemplate.windowBytes(w, ow, width) * (s.threads == 2 ? 3 : 1);
            MemorySegment scratch = arena.allocate(bytes * s.threads, 64).fill((byte) -1);
            float[] untouched = new float[expected.length + 5];
            Arrays.fill(untouched, UNTOUCHED);
            MemorySegment result = arena.allocateFrom(ValueLayout.JAVA_FLOAT, untouched);
            library.call("run_" + c.name, arena.allocateFrom(ValueLayout.JAVA_FLOAT, x),
                    arena.allocateFrom(ValueLayout.JAVA_LONG, strides), arena.allocateFrom(ValueLayout.JAVA_LONG,
                    s.images, s.h, s.w, oh, ow, bytes, s.threads), packed, scratch, result);
            float[] all = result.toArray(ValueLayout.JAVA_FLOAT);
            assertThat(Arrays.copyOf(all, expected.length)).as("%s %s", c, s).isEqualTo(expected);
            assertThat(Arrays.copyOfRange(all, expected.length, all.length)).containsOnly(UNTOUCHED);
        }
    }

    private static float[] numbers(SplittableRandom random, int count) {
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = random.nextInt(-4, 5);
        }
        return numbers;
    }

    private static float[] expected(Case c, Size s, float[] x, long[] strides, float[] weight, int oh, int ow) {
        float[] out = new float[s.images * oh * ow * c.outputs];
        int inner = c.depthwise ? 1 : c.channels;
        for (int at = 0; at < out.length; at++) {
            int n = at % c.outputs;
            int column = at / c.outputs % ow;
            int row = at / c.outputs / ow % oh;
            int image = at / c.outputs / ow / oh;
            for (int k = 0; k < inner * c.window.taps(); k++) {
                int kw = k % c.window.kernelW();
                int kh = k / c.window.kernelW() % c.window.kernelH();
                int channel = c.depthwise ? n : k / c.window.taps();
                int ih = row * c.window.strideH() + kh * c.window.dilationH() - c.window.padH();
                int iw = column * c.window.strideW() + kw * c.window.dilationW() - c.window.padW();
                if (ih >= 0 && ih < s.h && iw >= 0 && iw < s.w) {
                    out[at] += weight[n * inner * c.window.taps() + k] * x[(int) (image * strides[0]
                            + ih * strides[1] + iw * strides[2] + channel * strides[3])];
                }
            }
        }
        return out;
    }

    @Test
    void refusesImpossibleWindows() {
        assertThatIllegalArgumentException().isThrownBy(() -> new Window(0, 3, 1, 1, 0, 0, 1, 1))
                .withMessageContaining("kernel 0x3");
        assertThatIllegalArgumentException().isThrownBy(() -> new ConvolutionSpec("a b",
                MicroGemm.table(NativeFixture.ISA, ElementType.F32).getFirst(), WINDOWS.getFirst(), 1, 1, 1));
    }
}
