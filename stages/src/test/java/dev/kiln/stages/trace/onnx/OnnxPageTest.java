package dev.kiln.stages.trace.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** {@code docs/ONNX.md} is what the importer says; {@code -Dkiln.bless=true} writes it anew. */
@Tag("onnx-data")
class OnnxPageTest {
    private static final Path PAGE = Path.of("..", "docs", "ONNX.md");

    @Test
    void pageIsUpToDate() throws IOException {
        String text = OnnxPage.text();
        if (Boolean.getBoolean("kiln.bless")) {
            Files.writeString(PAGE, text);
        }
        assertThat(Files.readString(PAGE).lines().toList())
            .as("docs/ONNX.md is stale: run this test with -Dkiln.bless=true").isEqualTo(text.lines().toList());
    }
}
