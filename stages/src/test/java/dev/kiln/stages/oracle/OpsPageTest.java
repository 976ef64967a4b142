package dev.kiln.stages.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** {@code docs/OPS.md} is what the operators say; {@code -Dkiln.bless=true} writes it anew. */
class OpsPageTest {
    private static final Path PAGE = Path.of("..", "docs", "OPS.md");

    @Test
    void pageIsUpToDate() throws IOException {
        String text = OpsPage.text();
        if (Boolean.getBoolean("kiln.bless")) {
            Files.writeString(PAGE, text);
        }
        assertThat(Files.readString(PAGE).lines().toList())
            .as("docs/OPS.md is stale: run this test with -Dkiln.bless=true").isEqualTo(text.lines().toList());
    }

    @Test
    void coreIsComplete() {
        assertThat(OpsPage.core()).hasSize(193);
    }
}
