package dev.kiln.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.CompiledModel;
import dev.kiln.Kiln;
import dev.kiln.kernels.runtime.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Keeps the README's example compiling: it is the body of {@link #example}. */
class ReadmeTest {
    private static final Path MODULE = Path.of(System.getProperty("basedir", "."));

    static Tensor example(long[] ids, long[] mask) {
        // begin
        Path file = Path.of("all-minilm-l6-v2.onnx");
        try (Kiln kiln = Kiln.open(); CompiledModel model = kiln.compileBlocking(file)) {
            Map<String, Tensor> outputs = model.run(Map.of(
                    "input_ids", Tensor.ofLongs(ids, 1, ids.length),
                    "attention_mask", Tensor.ofLongs(mask, 1, mask.length),
                    "token_type_ids", Tensor.ofLongs(new long[ids.length], 1, ids.length)));
            return outputs.get("last_hidden_state"); // f32[1, ids.length, 384]
        }
        // end
    }

    @Test
    void theExampleInTheReadmeIsThisOne() throws IOException {
        String source = Files.readString(MODULE.resolve("src/test/java/dev/kiln/demo/ReadmeTest.java"));
        String body = source.substring(source.indexOf("// begin\n") + 9, source.indexOf("        // end\n"));
        assertThat(Files.readString(MODULE.resolve("../README.md")))
                .contains("```java\n" + body.stripTrailing().stripIndent() + "\n```");
    }
}
