package dev.kiln;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.cache.CacheMode;
import dev.kiln.cache.CacheSettings;
import dev.kiln.kernels.runtime.Npy;
import dev.kiln.kernels.runtime.Tensor;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * PyTorch models as .pt2 archives against PyTorch's own results. Small ones lie in the resources; large ones are
 * exported by {@code export_pt2.py}, for which {@code python3} needs torch 1.13 and torchvision 0.14
 * (Debian: python3-torch, python3-torchvision).
 */
class ExportedModelsTest {
    /** Of the largest output. */
    private static final double MAX_ERROR = 1e-3;

    @TempDir
    static Path folder;

    private static Kiln kiln;

    @BeforeAll
    static void open() {
        kiln = Kiln.open(KilnConfig.of(new CacheSettings(folder.resolve("cache"), CacheMode.WRITE)));
    }

    @AfterAll
    static void close() {
        kiln.close();
    }

    private static Path resource(String name) throws URISyntaxException {
        return Path.of(ExportedModelsTest.class.getResource("pt2/" + name).toURI());
    }

    @ParameterizedTest
    @ValueSource(strings = {"tiny_mlp", "tiny_cnn", "tiny_lstm", "tiny_gpt"})
    void equalsPyTorch(String name) throws URISyntaxException {
        check(resource(name));
    }

    @Tag("nightly")
    @ParameterizedTest
    @ValueSource(strings = {"mlp", "gru", "lstm", "gpt", "resnet18", "mobilenet_v3_small", "squeezenet1_1",
        "efficientnet_b0", "convnext_tiny", "vit_b_16", "swin_t", "swin_v2_t"})
    void equalsPyTorchOnLargeModels(String name) throws Exception {
        Path log = folder.resolve("export.txt");
        Process export = new ProcessBuilder("/usr/bin/python3", resource("export_pt2.py").toString(), folder.toString(),
            name).redirectErrorStream(true).redirectOutput(log.toFile()).start();
        assertThat(export.waitFor(10, TimeUnit.MINUTES)).isTrue();
        assertThat(export.exitValue()).as("python3 with torch 1.13 and torchvision 0.14 is needed: "
            + Files.readString(log)).isZero();
        check(folder.resolve(name));
        delete(folder.resolve(name));
    }

    private static void delete(Path model) throws IOException {
        Files.delete(model.resolve("model.pt2"));
    }

    private static void check(Path model) {
        try (CompiledModel compiled = kiln.compileBlocking(model.resolve("model.pt2"))) {
            Map<String, Tensor> outputs = compiled.run(Map.of("x", Npy.read(model.resolve("in.x.npy"))));
            Tensor actual = outputs.values().iterator().next();
            Tensor expected = Npy.read(model.resolve("out.npy"));
            assertThat(actual.shape()).containsExactly(expected.shape());
            assertClose(actual.toFloatArray(), expected.toFloatArray());
        }
    }

    private static void assertClose(float[] actual, float[] expected) {
        double largest = 0;
        double error = 0;
        for (int i = 0; i < expected.length; i++) {
            largest = Math.max(largest, Math.abs(expected[i]));
            error = Math.max(error, Math.abs(actual[i] - expected[i]));
            assertThat(actual[i]).isNotNaN();
        }
        assertThat(error).as("largest output " + largest).isLessThanOrEqualTo(MAX_ERROR * largest);
    }
}
