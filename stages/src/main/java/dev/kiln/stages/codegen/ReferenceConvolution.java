package dev.kiln.stages.codegen;

import dev.kiln.kernels.conv.Window;

/**
 * A convolution by patches of the input and dot products: the result that autotune candidates must agree with, in
 * some rows.
 */
final class ReferenceConvolution {
    private ReferenceConvolution() {
    }

    /** Defines {@code KERNEL} with the signature of the convolution template, over the unpacked weight. */
    static String render(Window w, long channels, long outputs) {
        return """
            static void KERNEL(const kiln_call* call, const float* x, const int64_t* xs, int64_t images, int64_t h,
                int64_t w, int64_t oh, int64_t ow, const float* b, char* scratch, int64_t scratch_bytes, int64_t first,
                void* ctx) {
              (void)call; (void)scratch_bytes;
              float* patch = (float*)scratch;
              for (int64_t m = 0; m < images * oh * ow; m++) {
                if (!kiln_is_checked(m, images * oh * ow)) continue;
                const float* image = x + m / (oh * ow) * xs[0];
                for (int64_t c = 0; c < %1$d; c++)
                  for (int64_t kh = 0; kh < %2$d; kh++)
                    for (int64_t kw = 0; kw < %3$d; kw++) {
                      const int64_t ih = m / ow %% oh * %4$d + kh * %8$d - %6$d, iw = m %% ow * %5$d + kw * %9$d - %7$d;
                      const int32_t in = ih >= 0 && ih < h && iw >= 0 && iw < w;
                      patch[(c * %2$d + kh) * %3$d + kw] = in ? image[ih * xs[1] + iw * xs[2] + c * xs[3]] : 0.0f;
                    }
                for (int64_t n = 0; n < %10$d; n++) {
                  #pragma clang fp reassociate(on)
                  float acc = 0;
                  for (int64_t k = 0; k < %11$d; k++) acc += patch[k] * b[n * %11$d + k];
                  KERNEL_epilogue(ctx, &acc, 1, m, first + n, 1, 1);
                }
              }
            }
            """.formatted(channels, w.kernelH(), w.kernelW(), w.strideH(), w.strideW(), w.padH(), w.padW(),
            w.dilationH(), w.dilationW(), outputs, channels * w.taps());
    }
}
