package dev.kiln.stages.postgrad;

import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Every {@code .ir} file below {@code src/test/resources/ir}; {@code -Dkiln.bless=true} rewrites what they
 * expect.
 */
class IrFileTest {
    private static final Path ROOT = Path.of("src", "test", "resources", "ir");
    private static final boolean BLESS = Boolean.getBoolean("kiln.bless");

    @TestFactory
    Stream<DynamicTest> givesTheExpectedText() throws IOException {
        try (Stream<Path> files = Files.walk(ROOT)) {
            List<Path> found = files.filter(f -> f.toString().endsWith(".ir")).sorted().toList();
            return found.stream().map(f -> DynamicTest.dynamicTest(ROOT.relativize(f).toString(),
                () -> check(f)));
        }
    }

    private static void check(Path path) {
        IrFile file = IrFile.read(path);
        String actual = IrSteps.run(file.steps(), file.head());
        if (BLESS) {
            file.bless(actual);
        } else if (!actual.equals(file.expected())) {
            fail(path + " (-Dkiln.bless=true accepts the new text):\n"
                + LineDiff.of(file.expected(), actual));
        }
    }
}
