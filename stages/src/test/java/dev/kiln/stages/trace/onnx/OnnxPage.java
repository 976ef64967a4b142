package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.KilnException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Writes {@code docs/ONNX.md}: the operators that the importer has, and ONNX's test cases that it takes. */
final class OnnxPage {
    static final List<String> CATEGORIES = List.of("node", "pytorch-converted", "pytorch-operator", "simple");

    /** What an operator does not do, or does in its own way. */
    private static final Map<String, String> NOTES = Map.ofEntries(
        Map.entry("If", "an undecided condition computes both branches: they must give equal ranks, and what either"
            + " demands of sizes and indices must hold; PyTorch's squeeze of a size that data decides needs one"
            + " that is not 1"),
        Map.entry("Loop", "unrolled: at most 10000 iterations; an end that depends on data at most 256, no scan outputs;"
            + " PyTorch's EmbeddingBag is one call"),
        Map.entry("Scan", "unrolled; no sequence_lens in opset 8"),
        Map.entry("RNN", "with unusual activations, clip or another type than f32: at most 512 steps"),
        Map.entry("GRU", "with unusual activations, clip or another type than f32: at most 512 steps"),
        Map.entry("LSTM", "with unusual activations, clip, peepholes or another type than f32: at most 512 steps"),
        Map.entry("DFT", "lengths up to 4096, known when compiled"),
        Map.entry("STFT", "frames of at most 4096 samples; sizes known when compiled"),
        Map.entry("Det", "matrices of order 64 at most"),
        Map.entry("TfIdfVectorizer", "integers only"),
        Map.entry("Bernoulli", "the same numbers in every run"),
        Map.entry("RandomNormal", "the same numbers in every run"),
        Map.entry("RandomNormalLike", "the same numbers in every run"),
        Map.entry("RandomUniform", "the same numbers in every run"),
        Map.entry("RandomUniformLike", "the same numbers in every run"),
        Map.entry("Multinomial", "the same numbers in every run"),
        Map.entry("Dropout", "in training mode the same numbers in every run"));

    private OnnxPage() {
    }

    static String text() throws IOException {
        return """
            # ONNX operators and conformance

            Written by `OnnxPageTest` (`-Dkiln.bless=true`) from the importer and from ONNX's backend test data
            (Debian's `libonnx-testdata`, ONNX 1.12).

            Operators are read as opsets 7 to 23 define them; older models as far as their operators have a form of
            opset 6. Values are tensors. Sizes that an operator takes from the values of an input (the shape of a
            Reshape, the axis of a CumSum, a trip count) must follow from constants, from shapes, or from what the
            caller says to assume for that input (`TraceOptions.withValue`).

            ## Conformance

            Supported cases pass with generated code (`OnnxDataTest`: a sample by default, all nightly). Of random
            numbers only type and shape are compared.

            """ + conformance() + "\n## Operators\n\n" + operators();
    }

    private static String operators() {
        return "Of ONNX Runtime's domain `com.microsoft`: " + String.join(", ", OnnxOps.contribNames())
            + ".\n\n" + OnnxOps.names().stream().map(op -> NOTES.containsKey(op) ? "| " + op + " | " + NOTES.get(op) + " |\n"
            : "| " + op + " | |\n").collect(Collectors.joining("", "| operator | limits |\n| --- | --- |\n", ""));
    }

    private static String conformance() throws IOException {
        StringBuilder table = new StringBuilder("| category | cases | supported | unsupported |\n"
            + "| --- | --- | --- | --- |\n");
        StringBuilder missing = new StringBuilder();
        for (String category : CATEGORIES) {
            Map<String, List<String>> reasons = unsupported(category);
            int all = OnnxCase.folders(category).size();
            int lacking = reasons.values().stream().mapToInt(List::size).sum();
            table.append("| %s | %d | %d | %d |%n".formatted(category, all, all - lacking, lacking));
            reasons.forEach((reason, cases) -> missing.append("| %s | %s | %d | %s |%n"
                .formatted(category, reason, cases.size(), cases.getFirst())));
        }
        return table + "\nWhat is missing:\n\n| category | reason | cases | for example |\n| --- | --- | --- | --- |\n"
            + missing;
    }

    /** Names of the cases by why they are unsupported, without what differs between cases. */
    private static Map<String, List<String>> unsupported(String category) throws IOException {
        Map<String, List<String>> reasons = new TreeMap<>();
        for (Path folder : OnnxCase.folders(category)) {
            try {
                OnnxCase.read(folder).imported();
            } catch (KilnException.Unsupported e) {
                String reason = e.getMessage().replaceAll("^[^ ]+: ", "").replaceAll("\\(node \"[^\"]*\"\\)", "")
                    .replaceAll(", node \"[^\"]*\"", "").replaceAll("^(node |tensor )?[\"'][^\"']*[\"'] ", "")
                    .replaceAll("\\(input '[^']*'\\) ", "").replaceAll(" +", " ").strip();
                reasons.computeIfAbsent(reason, r -> new ArrayList<>()).add(folder.getFileName().toString());
            }
        }
        return reasons;
    }
}
