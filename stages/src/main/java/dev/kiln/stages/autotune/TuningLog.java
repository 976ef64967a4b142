package dev.kiln.stages.autotune;

import dev.kiln.ops.DType;
import dev.kiln.stages.codegen.Kernel;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Texts about tuning, in the form that TorchInductor logs. */
final class TuningLog {
    private TuningLog() {
    }

    /** {@code linear_unary(512x768, 3073x768, 3073)}. */
    static String problem(Kernel.Tuning tuning) {
        return tuning.op() + "(" + String.join(", ", sizes(tuning)) + ")";
    }

    static List<String> sizes(Kernel.Tuning tuning) {
        return tuning.operands().stream()
            .map(o -> o.sizes().stream().map(String::valueOf).collect(Collectors.joining("x"))).toList();
    }

    static List<String> strides(Kernel.Tuning tuning) {
        return tuning.operands().stream().map(o -> o.strides().toString()).toList();
    }

    static List<String> dtypes(Kernel.Tuning tuning) {
        return tuning.operands().stream().map(o -> torchName(o.dtype())).toList();
    }

    /**
     * A line a choice, the fastest first, then those that failed.
     *
     * @param refused why variants do not compile, by label
     * @param runner how the candidates ran
     * @param precompileSeconds what compiling the candidates took, of all kernels together
     */
    static List<String> result(Kernel.Tuning tuning, Contest.Result result, Map<String, String> refused, String runner,
            double precompileSeconds) {
        List<String> lines = new ArrayList<>();
        lines.add("AUTOTUNE " + problem(tuning));
        lines.add("strides: " + String.join(", ", strides(tuning)));
        lines.add("dtypes: " + String.join(", ", dtypes(tuning)));
        double best = result.deciding().values().stream().mapToDouble(Double::doubleValue).min().orElseThrow();
        result.deciding().entrySet().stream().sorted(Map.Entry.comparingByValue()).forEach(e ->
            lines.add(String.format(Locale.ROOT, "  %s %.4f ms %.1f%%", e.getKey().label(), e.getValue(),
                100 * best / e.getValue()) + other(result, e.getKey())));
        Map<String, String> failures = new TreeMap<>(refused);
        result.failures().forEach((candidate, failure) -> failures.put(candidate.label(), failure.getMessage()));
        failures.forEach((label, reason) -> lines.add("  " + label + " failed: " + reason));
        int choices = result.deciding().size() + failures.size();
        lines.add(String.format(Locale.ROOT,
            "%s AUTOTUNE benchmarking takes %.4f seconds and %.4f seconds precompiling for %d choices", runner,
            result.seconds(), precompileSeconds, choices));
        return lines;
    }

    /** The time with the weight where it is not in the model. */
    private static String other(Contest.Result result, Candidate candidate) {
        Double millis = (result.coldDecides() ? result.warm() : result.cold()).get(candidate);
        return millis == null ? "" : String.format(Locale.ROOT, " (weight %s: %.4f ms)",
            result.coldDecides() ? "in cache" : "from memory", millis);
    }

    static String torchName(DType dtype) {
        return "torch." + switch (dtype) {
            case BOOL -> "bool";
            case U8 -> "uint8";
            case U16 -> "uint16";
            case U32 -> "uint32";
            case U64 -> "uint64";
            case I8 -> "int8";
            case I16 -> "int16";
            case I32 -> "int32";
            case I64 -> "int64";
            case F16 -> "float16";
            case BF16 -> "bfloat16";
            case F32 -> "float32";
            case F64 -> "float64";
            case F8E4M3FN -> "float8_e4m3fn";
            case F8E5M2 -> "float8_e5m2";
            case C64 -> "complex64";
            case C128 -> "complex128";
        };
    }
}
