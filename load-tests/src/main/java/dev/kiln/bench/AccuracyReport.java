package dev.kiln.bench;

import dev.kiln.stages.Precision;
import dev.kiln.stages.quantization.FloatLinear.Loss;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What a precision costs, as text and as an object.
 *
 * @param linears those with the largest loss first, then those that stay as they are
 */
record AccuracyReport(Precision precision, List<OutputError> outputs, List<Loss> linears) {
    /** Lines that one wants to read. */
    private static final int SHOWN = 24;

    AccuracyReport {
        List<Loss> sorted = new ArrayList<>(linears);
        sorted.sort(Comparator.comparing((Loss l) -> l.whyNot().isPresent()).thenComparing(Loss::decibel));
        linears = List.copyOf(sorted);
    }

    String text() {
        StringBuilder out = new StringBuilder(precision + " against fp32\n\n");
        out.append(String.format(Locale.ROOT, "%-32s %12s %12s %12s%n", "output", "max abs", "rel. RMS", "cosine"));
        for (OutputError error : outputs) {
            out.append(String.format(Locale.ROOT, "%-32s %12.3e %12.3e %12.8f%n", error.name(), error.maxAbs(),
                    error.relativeRms(), error.cosine()));
        }
        out.append(String.format("%n%-48s %14s %10s%n", "linear, by loss of its weight", "[K, N]", "SQNR"));
        for (Loss loss : linears.subList(0, Math.min(SHOWN, linears.size()))) {
            out.append(String.format(Locale.ROOT, "%-48s %14s %10s%n", loss.linear(), List.of(loss.k(), loss.n()),
                    loss.whyNot().map(why -> "fp32: " + why)
                            .orElseGet(() -> String.format(Locale.ROOT, "%.1f dB", loss.decibel()))));
        }
        if (linears.isEmpty()) {
            out.append("none: the model has no product with a constant weight\n");
        } else if (linears.size() > SHOWN) {
            out.append("and ").append(linears.size() - SHOWN).append(" more; --json lists all\n");
        }
        return out.toString();
    }

    /** A loss of nothing, and of what stays in fp32, is null. */
    Map<String, Object> json() {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("precision", precision.text());
        object.put("outputs", outputs.stream().map(AccuracyReport::json).toList());
        object.put("linears", linears.stream().map(AccuracyReport::json).toList());
        return object;
    }

    private static Map<String, Object> json(OutputError error) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("name", error.name());
        object.put("max_abs_err", error.maxAbs());
        object.put("relative_rms_err", error.relativeRms());
        object.put("cosine", error.cosine());
        return object;
    }

    private static Map<String, Object> json(Loss loss) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("name", loss.linear());
        object.put("k", loss.k());
        object.put("n", loss.n());
        object.put("sqnr_db", Double.isInfinite(loss.decibel()) ? null : loss.decibel());
        loss.whyNot().ifPresent(why -> object.put("stays_fp32", why));
        return object;
    }
}
