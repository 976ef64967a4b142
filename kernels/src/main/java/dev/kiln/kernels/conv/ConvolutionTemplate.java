package dev.kiln.kernels.conv;

import dev.kiln.kernels.gemm.GemmTemplate;
import dev.kiln.kernels.gemm.MicroGemm;
import dev.kiln.kernels.gemm.SourceTemplate;
import java.util.HashMap;
import java.util.Map;

/**
 * Renders a two-dimensional convolution with a constant weight as C: an implicit GEMM over windows of the
 * input, or, for one filter a channel, a depthwise product. It needs what {@link GemmTemplate} needs, calls the
 * same {@code NAME_epilogue} (row m is pixel {@code (image * oh + row) * ow + column}, column n the output
 * channel) and defines
 * {@snippet lang = c :
 * static void NAME(const kiln_call* call, const float* x, const int64_t* x_strides, int64_t images,
 *     int64_t h, int64_t w, int64_t oh, int64_t ow, const float* packed, char* scratch,
 *     int64_t scratch_bytes, int64_t first, void* epilogue_ctx);
 * }
 * The strides, in elements, are image, row, column and channel; {@code first} is the output channel that the
 * epilogue is shown as the first. {@code scratch} holds {@code scratch_bytes},
 * at least {@link #windowBytes}, for each worker. Zeros after the last row and column are implied by the sizes.
 */
public final class ConvolutionTemplate {
    private static final SourceTemplate WINDOW = SourceTemplate.of(ConvolutionTemplate.class, "window.c.in");
    private static final SourceTemplate GEMM = SourceTemplate.of(ConvolutionTemplate.class, "convolution.c.in");
    private static final SourceTemplate DEPTHWISE = SourceTemplate.of(ConvolutionTemplate.class, "depthwise.c.in");
    private static final int TASKS_PER_THREAD = 4;
    /** Tiles whose partial sums wait on the stack together: 72 of 14 x 32 are 129 KB. */
    private static final int PART_FLOATS = 32 * 1024;

    private ConvolutionTemplate() {
    }

    public static String render(ConvolutionSpec spec) {
        MicroGemm micro = spec.micro();
        int steps = spec.taps() * Math.ceilDiv(spec.run(), spec.depth());
        int segment = PART_FLOATS / (micro.mr() * micro.nr());
        int tail = spec.outputs() % micro.nr();
        Map<String, Object> holes = spec.microKernels().holes(spec.name());
        window(holes, spec.window(), spec.channels());
        holes.put("CHANNELS", spec.channels());
        holes.put("K", spec.window().taps() * spec.channels());
        holes.put("KC", spec.depth());
        holes.put("RUN", spec.run());
        holes.put("TAPS", spec.taps());
        holes.put("TAPS_W", spec.taps() / spec.window().kernelH());
        holes.put("STEPS", steps);
        holes.put("SEGMENT", segment);
        holes.put("PART_TILES", steps > 1 ? segment : 1);
        holes.put("SHARES", Math.max(1, 4 * micro.nr() * Float.BYTES / 128));
        panels(holes, spec.outputs(), micro.nr(), tail);
        return GemmTemplate.prelude() + spec.microKernels().declarations() + WINDOW.fill(holes) + GEMM.fill(holes);
    }

    public static String render(DepthwiseSpec spec) {
        Map<String, Object> holes = new HashMap<>();
        holes.put("NAME", spec.name());
        holes.put("VBYTES", spec.vectorBytes());
        holes.put("LANES", spec.vectorBytes() / Float.BYTES);
        holes.put("NV", DepthwiseSpec.VECTORS);
        holes.put("MR", spec.tile());
        holes.put("NR", spec.nr());
        window(holes, spec.window(), spec.nr());
        holes.put("KERNEL_H", spec.window().kernelH());
        holes.put("KERNEL_W", spec.window().kernelW());
        holes.put("K", spec.window().taps());
        panels(holes, spec.channels(), spec.nr(), spec.channels() % spec.nr());
        return GemmTemplate.prelude() + WINDOW.fill(holes) + DEPTHWISE.fill(holes);
    }

    private static void panels(Map<String, Object> holes, int columns, int nr, int tail) {
        holes.put("PANELS", Math.ceilDiv(columns, nr));
        holes.put("FULL_PANELS", columns / nr);
        holes.put("TAIL_COLS", tail == 0 ? nr : tail);
        holes.put("TASKS_PER_THREAD", TASKS_PER_THREAD);
    }

    private static void window(Map<String, Object> holes, Window window, int width) {
        holes.put("WIDTH", width);
        holes.put("STRIDE_H", window.strideH());
        holes.put("PAD_H", window.padH());
        holes.put("PAD_W", window.padW());
        holes.put("DILATION_H", window.dilationH());
        holes.put("DILATION_W", window.dilationW());
        holes.put("SPAN_H", window.spanH());
        holes.put("SPAN_W", window.spanW());
        holes.put("ROW_STEP", window.rowStep());
        holes.put("COLUMN_STEP", window.columnStep());
        holes.put("ROW_READ", window.strideH() / window.rowStep());
        holes.put("COLUMN_READ", window.strideW() / window.columnStep());
    }

    /**
     * Bytes of scratch that the window of one row of output takes.
     *
     * @param width channels packed together: all of them, or a depthwise panel
     */
    public static long windowBytes(Window window, long outputColumns, int width) {
        return ((outputColumns - 1) * window.columnStep() + window.spanW()) * window.spanH() * width * Float.BYTES;
    }
}
