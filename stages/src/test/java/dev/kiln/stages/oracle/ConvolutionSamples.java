package dev.kiln.stages.oracle;

import dev.kiln.ops.DType;
import dev.kiln.ops.schema.OpOverload;
import dev.kiln.ops.schema.OpTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.IntSupplier;
import java.util.stream.IntStream;

/** Random calls of {@code convolution_backward}: every kind of stride, padding, dilation, group and mask. */
final class ConvolutionSamples {
    static final OpOverload BACKWARD = OpTable.get("aten.convolution_backward.default");
    private static final List<String> MASKS = List.of("true,true,false", "true,false,false", "false,true,false",
        "false,true,true", "true,false,true");

    private final Random random;
    private final int dims;

    private ConvolutionSamples(long seed) {
        random = new Random(seed * 0x9E3779B97F4A7C15L);
        dims = 1 + random.nextInt(3);
    }

    /** With all gradients of the first derivative, in f64 or now and then in f32. */
    static List<GradientCase> backward(long seed, int count) {
        return cases(seed, count, List.of("true,true,true"), 4);
    }

    /** With some of the gradients. */
    static List<GradientCase> masked(long seed, int count) {
        return cases(seed, count, MASKS, Integer.MAX_VALUE);
    }

    private static List<GradientCase> cases(long seed, int count, List<String> masks, int single) {
        List<GradientCase> cases = new ArrayList<>();
        for (int i = 1; cases.size() < count; i++) {
            long own = seed * 1_000_003 + i;
            String text = new ConvolutionSamples(own).backward(masks.get(i % masks.size()));
            if (!text.isEmpty()) {
                DType dtype = i % single == 0 ? DType.F32 : DType.F64;
                cases.add(new GradientCase(new Sample(BACKWARD, text, List.of(dtype), false, own).draw(), false));
            }
        }
        return cases;
    }

    /** Empty if the kernel does not fit the image. */
    private String backward(String mask) {
        boolean transposed = random.nextBoolean();
        int groups = 1 + random.nextInt(3) * random.nextInt(2);
        int in = groups * (1 + random.nextInt(2));
        int out = groups * (1 + random.nextInt(2));
        int batch = 1 + random.nextInt(2);
        int[] image = each(() -> 1 + random.nextInt(dims == 3 ? 4 : 7));
        int[] kernel = each(() -> 1 + random.nextInt(3));
        int[] stride = each(() -> 1 + random.nextInt(3));
        int[] padding = each(() -> random.nextInt(3));
        int[] dilation = each(() -> 1 + random.nextInt(3));
        int[] more = new int[dims];
        int[] result = new int[dims];
        for (int d = 0; d < dims; d++) {
            int reach = dilation[d] * (kernel[d] - 1);
            more[d] = transposed ? random.nextInt(Math.max(stride[d], dilation[d])) : 0;
            result[d] = transposed ? (image[d] - 1) * stride[d] - 2 * padding[d] + reach + more[d] + 1
                : Math.floorDiv(image[d] + 2 * padding[d] - reach - 1, stride[d]) + 1;
            if (result[d] < 1) {
                return "";
            }
        }
        return tensor(batch, out, result) + ", " + tensor(batch, in, image) + ", "
            + (transposed ? tensor(in, out / groups, kernel) : tensor(out, in / groups, kernel)) + ", [" + out + "], "
            + list(stride) + ", " + list(padding) + ", " + list(dilation) + ", " + transposed + ", " + list(more) + ", "
            + groups + ", [" + mask + "]";
    }

    private int[] each(IntSupplier number) {
        return IntStream.range(0, dims).map(d -> number.getAsInt()).toArray();
    }

    private String tensor(int first, int second, int[] rest) {
        String layout = List.of("", "", "t", "s").get(random.nextInt(4));
        return "T" + layout + "[" + first + "," + second + "," + list(rest).substring(1);
    }

    private static String list(int[] numbers) {
        return "[" + String.join(",", IntStream.of(numbers).mapToObj(Integer::toString).toList()) + "]";
    }
}
