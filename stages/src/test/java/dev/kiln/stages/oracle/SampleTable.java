package dev.kiln.stages.oracle;

import dev.kiln.ops.DType;
import dev.kiln.ops.schema.OpKind;
import dev.kiln.ops.schema.OpOverload;
import dev.kiln.stages.oracle.SampleValues.Range;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The hand-made samples of {@code samples*.txt}, and which values and tolerances an op needs. */
final class SampleTable {
    /** Each holds some families of ops. */
    private static final List<String> FILES = List.of("samples.txt", "samples-spatial.txt", "samples-more.txt",
        "samples-complex.txt", "samples-modules.txt", "samples-lowprecision.txt");

    private static final Map<String, List<String>> SAMPLES = read();

    private static final Set<String> DIVISIONS = Set.of("floor_divide", "remainder", "fmod", "div");

    /**
     * Statistics, attention and softmax's gradient: libtorch's fused kernels treat NaN and infinities in their own
     * ways; resampling: it multiplies by weights of 0 or does not; gelu:
     * 0 * inf, as in a convolution's padding; places of maxima: several NaNs are equally good.
     */
    private static final Set<String> FINITE = Set.of("native_layer_norm", "native_layer_norm_backward", "layer_norm", "native_group_norm",
        "group_norm", "var", "std", "var_mean", "std_mean", "scaled_dot_product_attention", "topk",
            "batch_norm", "gelu", "_embedding_bag", "_cdist_forward", "cdist",
        "_native_batch_norm_legit_no_training", "median", "nanmedian", "lstm", "gru", "rnn_tanh", "rnn_relu", "histc",
        "chain_matmul", "linalg_multi_dot", "_scaled_mm", "_weight_int8pack_mm",
            "_native_multi_head_attention", "_transformer_encoder_layer_fwd",
        "fake_quantize_per_tensor_affine", "fake_quantize_per_channel_affine", "gelu_backward", "hardswish_backward");

    /** Matrix products of truth values, which libtorch takes only if they are empty. */
    private static final Set<String> NO_TRUTH = Set.of("mm", "bmm", "matmul", "linear", "addmm", "addmv", "baddbmm", "addbmm", "mv", "dot");

    /** What is a sum of integers in floating point: large terms of both signs would leave nothing of the others. */
    private static final String SUMMING = ".*(mean|var|std|norm|dist|softmax|logsumexp|trapez|similarity|conv|pool).*";

    private static final Set<String> COMPLEX = Set.of("polar", "complex", "view_as_complex", "view_as_real");

    private static final Set<String> CASTS = Set.of("_to_copy", "to", "copy");

    private SampleTable() {
    }

    private static Map<String, List<String>> read() {
        Map<String, List<String>> samples = new HashMap<>();
        FILES.forEach(file -> read(file, samples));
        return samples;
    }

    private static void read(String file, Map<String, List<String>> samples) {
        try (InputStream in = SampleTable.class.getResourceAsStream(file)) {
            List<String> current = new ArrayList<>();
            for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
                if (line.startsWith("  ")) {
                    current.add(line.strip());
                } else if (!line.isBlank() && !line.startsWith("#")) {
                    current = samples.computeIfAbsent(line.strip(), op -> new ArrayList<>());
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<String> of(String op) {
        return SAMPLES.getOrDefault(op, List.of());
    }

    /** What the tensor at an argument's position may hold. */
    static Range range(OpOverload op, int position) {
        String packet = op.packet();
        if (packet.contains("fft") || packet.matches("i?stft|_?upsample.*") || COMPLEX.contains(packet)) {
            return Range.FINITE;
        }
        if (DIVISIONS.contains(packet) && position == 1) {
            return Range.DIVISOR;
        }
        if (CASTS.contains(packet) || FINITE.contains(packet) || packet.contains("conv")
                || packet.contains("_norm") || packet.contains("grid_s")
                || packet.contains("softmax_backward") || packet.contains("upsample")
                || packet.contains("max_pool") && !op.schema().returns().equals(List.of("Tensor"))) {
            return Range.FINITE;
        }
        if (packet.equals("pow")) {
            return op.name().endsWith("pow.Tensor_Tensor") && position == 0 ? Range.ANY : Range.SMALL;
        }
        if (packet.equals("ldexp") && position == 1) {
            return Range.MODERATE;
        }
        if (packet.equals("soft_margin_loss") && position == 1) {
            return Range.UNIT; // libtorch's exponentials overflow in f16, Kiln computes them in f32
        }
        if (packet.endsWith("_shift") && position == 1) {
            return Range.SHIFT;
        }
        return op.kind() == OpKind.ELEMENTWISE ? Range.ANY : Range.MODERATE;
    }

    /** Whether integers may be extreme where they are usually moderate. */
    static boolean takesExtremes(OpOverload op) {
        return !op.packet().matches(SUMMING);
    }

    /** A number for a required parameter of an elementwise op; varies with the turn. */
    static String number(OpOverload op, String parameter, DType dtype, int turn) {
        if (op.packet().endsWith("_shift")) {
            return "3";
        }
        List<String> integers = List.of("2", "3", "5");
        List<String> numbers = List.of("2", "-3", "1.5", "-0.5");
        if (parameter.equals("dtype")) {
            return "f64";
        }
        if (parameter.equals("rounding_mode")) {
            return List.of("none", "\"floor\"", "\"trunc\"").get(turn % 3);
        }
        boolean integral = dtype.kind() != DType.Kind.FLOATING;
        return integral ? integers.get(turn % integers.size()) : numbers.get(turn % numbers.size());
    }

    /**
     * Whether the op is compared in a dtype. Quotients of half precisions that are then rounded to integers
     * are
     * not: libtorch rounds them twice. Images of bytes are not resampled: libtorch does it in fixed point.
     * Sampling grids of half precision are not: libtorch's places are then of half precision too. Chains of products
     * are multiplied, and so rounded, in an order of libtorch's.
     */
    static boolean takes(OpOverload op, DType dtype) {
        boolean half = dtype.isFloating() && dtype.bytes() == 2;
        boolean chained = op.packet().matches("chain_matmul|linalg_multi_dot");
        boolean rounded = DIVISIONS.contains(op.packet()) && !op.name().matches("aten.div.(Tensor|Scalar)");
        boolean mixes = op.packet().matches("upsample_.*(linear|cubic).*");
        boolean grids = op.packet().contains("grid_s") && dtype.bytes() == 2
            || op.packet().contains("affine_grid") && !dtype.isFloating();
        boolean wide = op.name().equals("aten.mm.dtype") && !half;
        return !wide && !grids && !(mixes && !dtype.isFloating()) && !(half && (rounded || chained))
            && !(dtype == DType.BOOL && NO_TRUTH.contains(op.packet()));
    }

    /**
     * How much wider than usual the tolerance is: sums of large terms may cancel; libtorch's fused attention approximates the exponential,
     * its convolutions sum in other orders and round half precisions in between, and its products with an addend
     * round those once, at the end.
     */
    static double slack(OpOverload op, DType dtype) {
        if (op.packet().matches("_scaled_mm|_weight_int8pack_mm|rnn_relu|rnn_tanh|_native_multi_head_attention|lstm|gru|_transformer_encoder_layer_fwd")) {
            return 20;
        }
        if (op.packet().contains("fft") || op.packet().matches("i?stft|_?upsample.*")) {
            return 8;
        }
        if (op.packet().matches("upsample.*(linear|cubic).*|_log_softmax_backward_data|.*batch_norm.*|.*norm_backward")) {
            return 4;
        }
        if (op.packet().contains("conv")) {
            return dtype.bytes() == 2 ? 60 : 10;
        }
        boolean sums = List.of("addmm", "baddbmm", "addmv", "native_layer_norm_backward").contains(op.packet());
        return op.packet().equals("scaled_dot_product_attention") ? 10 : sums && dtype.bytes() == 2 ? 20 : 1;
    }

    /** False for outputs whose content is unspecified: of empty tensors, and the places of equal elements. */
    static boolean comparable(OracleCase sample, int output) {
        String packet = sample.op().packet();
        boolean ties = sample.operands().values().stream()
            .noneMatch(o -> o.value().dtype() == DType.F32 || o.value().dtype() == DType.F64);
        boolean empty = sample.operands().values().stream().findFirst().filter(o -> o.value().numel() == 0).isPresent();
        boolean unspecified = packet.contains("embedding_bag") && output > 0 || packet.startsWith("rand")
            || packet.equals("bernoulli") || empty && output > 0 && packet.matches("native_(dropout|group_norm)")
            || empty && packet.startsWith("pixel_")
            || isUnstable(sample) && (packet.equals("argsort") || output == 1);
        return !packet.contains("empty") && !unspecified
            && !(List.of("topk", "kthvalue").contains(packet) && output == 1 && ties);
    }

    /** Whether libtorch sorts in a way that moves equal elements past each other, as it does with many. */
    private static boolean isUnstable(OracleCase sample) {
        boolean sorts = List.of("sort", "argsort").contains(sample.op().packet());
        boolean stable = sample.op().name().endsWith(".stable")
            && Sample.split(sample.sample().text()).size() > 1 && Sample.split(sample.sample().text()).get(1).equals("true");
        return sorts && !stable && sample.tensors().values().stream().flatMap(v -> v.sizes().stream()).anyMatch(n -> n > 16);
    }
}
