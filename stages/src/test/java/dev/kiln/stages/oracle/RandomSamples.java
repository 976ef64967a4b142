package dev.kiln.stages.oracle;

import dev.kiln.ops.DType;
import dev.kiln.ops.schema.OpKind;
import dev.kiln.ops.schema.OpOverload;
import dev.kiln.ops.schema.OpSchema.Parameter;
import dev.kiln.stages.oracle.SampleSizes.TensorText;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Random cases of an op. Elementwise ones are made from the schema: operands that broadcast, of any rank, layout and
 * dtype. Others start from a hand-made sample, whose sizes (0 and 1 among them), layouts, dimensions, flags and dtypes
 * change at random; libtorch says which of them are calls at all.
 */
final class RandomSamples {
    private static final List<DType> DTYPES = List.of(DType.F32, DType.F32, DType.F64, DType.I32, DType.I64, DType.BOOL,
        DType.U8, DType.I8, DType.I16, DType.BF16, DType.F16);
    private static final long[] SIZES = {0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 8, 9, 16, 17, 33};
    /**
     * Sizes of these stay: libtorch does not check whether operands agree, and reads what is not theirs; it names a place
     * outside of the image where a window has none inside, and leaves open what a tensor grows by.
     */
    private static final String UNCHECKED = ".*backward.*|.*embedding_bag.*|max_pool.*with_indices|lstm|gru|rnn_.*"
        + "|resize_";
    /** libtorch takes integers for these only if there are none. */
    private static final String FRACTIONS = "_pdist_forward|.*avg_pool.*|.*_norm.*|embedding_dense_backward";
    /** Seeds that follow each other give alike first numbers. */
    private static final long SCRAMBLE = 0x9E3779B97F4A7C15L;
    private static final long MOST = 6000;
    /** What may be one or the other in any call; some other flags make libtorch abort the process. */
    private static final Set<String> FLAGS = Set.of("keepdim", "unbiased", "descending", "largest", "sorted", "stable",
        "upper", "accumulate", "align_corners", "ceil_mode", "count_include_pad", "log_target", "include_self", "right",
        "half_to_float", "scale_grad_by_freq");
    private static final Pattern DIGITS = Pattern.compile("-?\\d+");

    private final OpOverload op;
    private final Random random;

    private RandomSamples(OpOverload op, long seed) {
        this.op = op;
        this.random = new Random(seed);
    }

    /** Up to {@code count} cases; some are not calls that libtorch takes. */
    static List<OracleCase> of(OpOverload op, long seed, int count) {
        List<OracleCase> cases = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            long own = (seed * 7_368_787 + op.name().hashCode() * 31L + i) * SCRAMBLE;
            new RandomSamples(op, own).sample(own).ifPresent(cases::add);
        }
        return cases;
    }

    private Optional<OracleCase> sample(long seed) {
        List<String> samples = SampleTable.of(op.name());
        boolean fromSchema = op.kind() == OpKind.ELEMENTWISE && (samples.isEmpty() || random.nextBoolean());
        String text = fromSchema ? elementwise() : changed(pick(samples));
        List<DType> dtypes = new ArrayList<>();
        for (int i = 0; i < (fromSchema ? 3 : 1); i++) {
            dtypes.add(i > 0 && random.nextInt(3) > 0 ? dtypes.getFirst() : pick(DTYPES));
        }
        boolean fits = dtypes.stream().allMatch(d -> SampleTable.takes(op, d)
            && (d.isFloating() || !op.packet().matches(FRACTIONS))) && SampleSizes.tensors(text).stream()
            .allMatch(t -> t.sizes().stream().reduce(1L, (a, b) -> a * b) <= MOST);
        try {
            return fits ? Optional.of(new Sample(op, text, dtypes, random.nextBoolean(), seed).draw()) : Optional.empty();
        } catch (RuntimeException e) {
            return Optional.empty();
        }
    }

    private String elementwise() {
        List<Long> full = new ArrayList<>();
        for (int d = random.nextInt(5); d > 0; d--) {
            full.add(SIZES[random.nextInt(full.size() < 2 ? SIZES.length : 10)]);
        }
        List<String> parts = new ArrayList<>();
        for (Parameter p : op.schema().parameters()) {
            boolean operand = p.type().startsWith("Tensor");
            if (!operand && p.defaultValue().isPresent()) {
                break;
            }
            boolean mask = p.name().equals("condition") || p.name().equals("mask");
            boolean single = op.name().equals("aten.masked_fill.Tensor") && p.name().equals("value");
            parts.add(operand ? new TensorText(mask ? "b" : "T", "", single ? List.of() : part(full), null, null)
                .withLayout(single ? "" : layout(full)).toString()
                : SampleTable.number(op, p.name(), DType.I32, random.nextInt(30)));
        }
        return SampleSizes.mapTensors(String.join(", ", parts), t -> t.sizes().isEmpty() ? t.contiguous() : t);
    }

    /** Sizes that broadcast to the given ones. */
    private List<Long> part(List<Long> full) {
        int from = random.nextInt(3) == 0 ? random.nextInt(full.size() + 1) : 0;
        List<Long> sizes = new ArrayList<>(full.subList(from, full.size()));
        sizes.replaceAll(s -> random.nextInt(5) == 0 ? 1L : s);
        return sizes;
    }

    private String layout(List<Long> sizes) {
        return sizes.isEmpty() ? "" : pick(List.of("", "", "t", "s"));
    }

    /** Sizes of 1 stay, which often stand for each other; channels of convolutions are at least one. */
    private String changed(String sample) {
        String text = sample;
        if (random.nextInt(4) > 0 && !op.packet().matches(UNCHECKED)) {
            Map<Long, Long> map = new HashMap<>();
            SampleSizes.sizes(text).forEach(size -> {
                if (size != 1 && random.nextInt(3) == 0) {
                    map.put(size, SIZES[random.nextInt(op.packet().contains("conv") ? 1 : 0, SIZES.length)]);
                }
            });
            text = SampleSizes.replaced(op, text, map);
        }
        if (random.nextBoolean()) {
            text = SampleSizes.mapTensors(text, t -> t.withLayout(layout(t.sizes())));
        }
        if (random.nextInt(4) == 0) {
            text = otherFlags(text);
        }
        return random.nextInt(3) == 0 ? otherDimensions(text) : text;
    }

    private String otherFlags(String text) {
        List<String> parts = Sample.split(text);
        for (int i = 0; i < Math.min(parts.size(), op.schema().parameters().size()); i++) {
            if (FLAGS.contains(op.schema().parameters().get(i).name()) && parts.get(i).matches("true|false")) {
                parts.set(i, Boolean.toString(random.nextBoolean()));
            }
        }
        return String.join(", ", parts);
    }

    /** The same dimensions counted from the other end, or now and then any. */
    private String otherDimensions(String text) {
        List<TensorText> tensors = SampleSizes.tensors(text);
        int rank = tensors.isEmpty() ? 0 : tensors.getFirst().sizes().size();
        List<String> parts = Sample.split(text);
        List<Parameter> parameters = op.schema().parameters();
        for (int i = 0; i < Math.min(parts.size(), parameters.size()); i++) {
            if (SampleSizes.takesIntegers(parameters.get(i)) && SampleSizes.isDimension(parameters.get(i)) && rank > 0) {
                parts.set(i, DIGITS.matcher(parts.get(i)).replaceAll(m -> Integer.toString(
                    otherDimension(Integer.parseInt(m.group()), rank))));
            }
        }
        return String.join(", ", parts);
    }

    private int otherDimension(int dim, int rank) {
        return random.nextInt(4) == 0 ? random.nextInt(-rank, rank) : dim < 0 ? dim + rank : dim - rank;
    }

    private <T> T pick(List<T> list) {
        return list.get(random.nextInt(list.size()));
    }
}
