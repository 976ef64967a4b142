package dev.kiln.stages.trace.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.groups.Tuple.tuple;

import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphText;
import dev.kiln.stages.trace.TraceOptions;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MiniLmImportTest {
    @TempDir
    private static Path directory;
    private static Path file;

    @BeforeAll
    static void extract() throws IOException {
        file = directory.resolve("all-minilm-l6-v2.onnx");
        try (InputStream in = MiniLmImportTest.class.getResourceAsStream("/all-minilm-l6-v2.onnx")) {
            Files.copy(in, file);
        }
    }

    @Test
    void keepsBatchAndSequenceSymbolic() {
        Graph graph = OnnxImporter.importModel(file, TraceOptions.NONE);
        assertThat(graph.shapes().symbols()).extracting("name", "min", "hint")
            .containsExactly(tuple("s0", 1L, 8L), tuple("s1", 1L, 128L));
        assertThat(graph.placeholders()).extracting("source")
            .containsExactly("input_ids", "attention_mask", "token_type_ids");
        assertThat(graph.placeholders()).allSatisfy(p -> assertThat(p.tensor()).hasToString("i64[s0, s1]"));
        assertThat(graph.outputs()).extracting("name").containsExactly("last_hidden_state");
        assertThat(graph.tensor(graph.outputs().getFirst().value())).hasToString("f32[s0, s1, 384]");
    }

    /** The only thing that bounds the sequence is the table of 512 positions. */
    @Test
    void guardsNothingButTheTableOfPositions() {
        Graph graph = OnnxImporter.importModel(file, TraceOptions.NONE);
        assertThat(graph.shapes().guards()).hasToString("[s1 <= 512]");
    }

    @Test
    void leavesNoShapeArithmeticBehind() {
        Graph graph = OnnxImporter.importModel(file, TraceOptions.NONE);
        Map<String, Long> counts = graph.calls().stream()
            .collect(Collectors.groupingBy(c -> c.op().packet(), Collectors.counting()));
        assertThat(counts).doesNotContainKeys("full", "cat", "arange", "select", "gather")
            .containsEntry("matmul", 48L).containsEntry("_softmax", 6L).containsEntry("erf", 6L)
            .containsEntry("embedding", 3L).containsEntry("reshape", 24L).containsEntry("permute", 24L);
        assertThat(graph.constants()).hasSize(102);
        assertThat(graph.calls()).allSatisfy(c -> assertThat(c.sources()).hasSize(1));
    }

    @Test
    void specialisesToPinnedShapes() {
        Graph graph = OnnxImporter.importModel(file, TraceOptions.NONE.withPin("input_ids", 2, 16));
        assertThat(graph.shapes().symbols()).isEmpty();
        assertThat(graph.shapes().guards()).isEmpty();
        assertThat(graph.placeholders()).allSatisfy(p -> assertThat(p.tensor()).hasToString("i64[2, 16]"));
    }

    @Test
    void printsTextThatParsesBack() {
        String text = OnnxImporter.importModel(file, TraceOptions.NONE).toString();
        assertThat(GraphText.parse(text)).hasToString(text);
    }
}
