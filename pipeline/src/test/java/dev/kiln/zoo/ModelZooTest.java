package dev.kiln.zoo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.kiln.CompiledModel;
import dev.kiln.Kiln;
import dev.kiln.KilnConfig;
import dev.kiln.cache.CacheMode;
import dev.kiln.cache.CacheSettings;
import dev.kiln.cache.CompiledGraph.TensorSpec;
import dev.kiln.kernels.runtime.Npy;
import dev.kiln.kernels.runtime.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Models of torchvision and hand-written ones of many kinds, exported by PyTorch with random weights, compiled and
 * compared with PyTorch's results: with fixed sizes, and with open batch and length at two sizes each. Needs Debian's
 * python3-torch and python3-torchvision; without them it fails and says so. {@code -Dkiln.zoo=PATTERN} picks models by
 * a regular expression over names like {@code language/bert} and {@code language/bert+open}.
 */
@Tag("nightly")
class ModelZooTest {
    private static final double TOLERANCE = 1e-3;

    @TempDir
    static Path folder;

    @TestFactory
    Stream<DynamicContainer> modelsMatchPyTorch() throws IOException, InterruptedException {
        Exporter exporter = Exporter.in(folder);
        Predicate<String> wanted = Pattern.compile(System.getProperty("kiln.zoo", "")).asPredicate();
        Map<String, List<String>> families = exporter.names().stream().filter(wanted)
            .collect(Collectors.groupingBy(name -> name.split("/")[0], LinkedHashMap::new, Collectors.toList()));
        return families.entrySet().stream().map(family -> dynamicContainer(family.getKey(),
            family.getValue().stream().map(name -> test(exporter, name))));
    }

    private static DynamicTest test(Exporter exporter, String name) {
        return dynamicTest(name, () -> {
            Path model = exporter.export(name);
            check(model);
            Exporter.delete(model);
        });
    }

    private static void check(Path exported) throws IOException {
        try (Kiln kiln = Kiln.open(KilnConfig.of(new CacheSettings(exported.resolve("cache"), CacheMode.WRITE)));
                CompiledModel model = kiln.compileBlocking(exported.resolve("model.onnx"))) {
            for (int example = 0; Files.exists(exported.resolve("" + example)); example++) {
                check(model, exported.resolve("" + example));
            }
        }
    }

    private static void check(CompiledModel model, Path example) throws IOException {
        Map<String, Tensor> inputs = new HashMap<>();
        for (TensorSpec input : model.inputs()) {
            inputs.put(input.name(), Npy.read(example.resolve("in/" + input.name() + ".npy")));
        }
        Map<String, Tensor> outputs = model.run(inputs);
        assertThat(outputs).isNotEmpty();
        for (Map.Entry<String, Tensor> output : outputs.entrySet()) {
            compare(example.getFileName() + "/" + output.getKey(), output.getValue(),
                Npy.read(example.resolve("out/" + output.getKey() + ".npy")));
        }
    }

    private static void compare(String name, Tensor actual, Tensor expected) {
        assertThat(actual.dtype()).as(name).isEqualTo(expected.dtype());
        assertThat(actual.shape()).as(name).isEqualTo(expected.shape());
        if (!expected.dtype().isFloating()) {
            assertThat(actual.data().mismatch(expected.data())).as("%s: first byte that differs", name).isEqualTo(-1);
            return;
        }
        float[] a = actual.toFloatArray();
        float[] e = expected.toFloatArray();
        double largest = 0;
        double difference = 0;
        for (int i = 0; i < e.length; i++) {
            assertThat(Float.isFinite(a[i])).as("%s: element %s is %s, not %s", name, i, a[i], e[i]).isTrue();
            largest = Math.max(largest, Math.abs(e[i]));
            difference = Math.max(difference, Math.abs(e[i] - a[i]));
        }
        assertThat(difference).as("%s: largest difference; the largest output is %s", name, largest)
            .isLessThanOrEqualTo(TOLERANCE * largest);
    }
}
