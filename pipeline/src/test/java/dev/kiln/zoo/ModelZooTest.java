package dev.kiln.zoo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.kiln.CompiledModel;
import dev.kiln.Kiln;
import dev.kiln.KilnConfig;
import dev.kiln.cache.CacheMode;
import dev.kiln.cache.CacheSettings;
import dev.kiln.kernels.runtime.Npy;
import dev.kiln.kernels.runtime.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Models of torchvision and others, exported by PyTorch with random weights, compiled and compared with PyTorch's
 * result. Needs Debian's python3-torch and python3-torchvision; without them it fails and says so.
 */
@Tag("nightly")
class ModelZooTest {
    private static final double TOLERANCE = 1e-3;

    @TempDir
    static Path folder;

    @TestFactory
    Stream<DynamicTest> modelsMatchPyTorch() {
        return Stream.of("resnet18", "mobilenet_v3_small", "efficientnet_b0", "convnext_tiny", "swin_t", "vit_b_16",
            "densenet121", "shufflenet_v2_x1_0", "resnext50_32x4d", "squeezenet1_1", "lstm", "gpt")
            .map(name -> dynamicTest(name, () -> check(name)));
    }

    private static void check(String name) throws IOException, InterruptedException {
        export(name);
        try (Kiln kiln = Kiln.open(KilnConfig.of(new CacheSettings(folder.resolve("cache"), CacheMode.WRITE)));
                CompiledModel model = kiln.compileBlocking(folder.resolve(name + ".onnx"))) {
            Tensor y = model.run(Map.of("x", Npy.read(folder.resolve(name + ".x.npy")))).get("y");
            float[] expected = Npy.read(folder.resolve(name + ".y.npy")).toFloatArray();
            float[] actual = y.toFloatArray();
            assertThat(actual).hasSameSizeAs(expected);
            double largest = 0;
            double difference = 0;
            for (int i = 0; i < expected.length; i++) {
                largest = Math.max(largest, Math.abs(expected[i]));
                difference = Math.max(difference, Math.abs(expected[i] - actual[i]));
            }
            assertThat(difference).as("largest difference; the largest output is %s", largest)
                .isLessThanOrEqualTo(TOLERANCE * largest);
        }
    }

    private static void export(String name) throws IOException, InterruptedException {
        Path script = folder.resolve("export.py");
        try (InputStream in = ModelZooTest.class.getResourceAsStream("export.py")) {
            Files.copy(in, script, StandardCopyOption.REPLACE_EXISTING);
        }
        Process python = new ProcessBuilder("/usr/bin/python3", script.toString(), folder.toString(), name)
            .redirectErrorStream(true).start();
        String output = new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(python.waitFor()).as("exporting needs python3-torch and python3-torchvision"
            + " (apt install python3-torch python3-torchvision):%n%s", output).isZero();
    }
}
