package dev.kiln.eager;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.EagerOps;
import dev.kiln.Kiln;
import dev.kiln.KilnConfig;
import dev.kiln.cache.CacheMode;
import dev.kiln.cache.CacheSettings;
import dev.kiln.kernels.runtime.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Keeps the README's example of single ops compiling and right: it is the body of {@link #example}. */
class ReadmeEagerTest {
    private static final Path MODULE = Path.of(System.getProperty("basedir", "."));

    static Tensor example(Kiln kiln, Tensor a, Tensor b) {
        // begin
        EagerOps ops = kiln.eager();
        Tensor sum = ops.call("aten.add.Tensor", a, b, 0.5); // a + 0.5 b
        return ops.dynamic().call("aten.softmax.int", sum, -1); // one kernel for every size
        // end
    }

    @Test
    void theExampleRuns(@TempDir Path folder) {
        try (Kiln kiln = Kiln.open(KilnConfig.of(new CacheSettings(folder, CacheMode.WRITE)))) {
            Tensor a = Tensor.ofFloats(new float[] {1, 2, 0, 0}, 2, 2);
            Tensor b = Tensor.ofFloats(new float[] {2, 0, 5, 5}, 2, 2);
            assertThat(example(kiln, a, b).toFloatArray()).containsExactly(0.5f, 0.5f, 0.5f, 0.5f);
        }
    }

    @Test
    void theExampleInTheReadmeIsThisOne() throws IOException {
        String source = Files.readString(MODULE.resolve("src/test/java/dev/kiln/eager/ReadmeEagerTest.java"));
        String body = source.substring(source.indexOf("// begin\n") + 9, source.indexOf("        // end\n"));
        assertThat(Files.readString(MODULE.resolve("../README.md")))
            .contains("```java\n" + body.stripTrailing().stripIndent() + "\n```");
    }
}
