package dev.kiln;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.cache.Blob;
import dev.kiln.cache.CacheHome;
import dev.kiln.cache.CacheKey;
import dev.kiln.cache.CacheMode;
import dev.kiln.cache.CacheSettings;
import dev.kiln.cache.store.Change;
import dev.kiln.cache.store.Kind;
import dev.kiln.kernels.runtime.Tensor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever happens to the cache, the next compile is right. */
class CacheFaultTest {
    @TempDir
    Path folder;

    private Path cache;
    private Path model;

    @BeforeEach
    void makeModel() {
        cache = folder.resolve("cache");
        model = Models.linear(folder.resolve("linear.onnx"), -1);
    }

    private interface Damage {
        void to(Path blobFile) throws IOException;
    }

    private Kiln open() {
        return Kiln.open(KilnConfig.of(new CacheSettings(cache, CacheMode.WRITE)));
    }

    private static CompileInfo compileAndRun(Kiln kiln, Path model) {
        try (CompiledModel compiled = kiln.compileBlocking(model)) {
            Tensor x = Tensor.ofFloats(new float[] {1, 2, 3, 4}, 1, 4);
            assertThat(compiled.run(Map.of("x", x)).get("y").toFloatArray()).containsExactly(9, 9, 9);
            return compiled.info();
        }
    }

    private void assertDetectedAndReplaced() {
        try (Kiln kiln = open()) {
            assertThat(compileAndRun(kiln, model).cacheHit()).isFalse();
            assertThat(kiln.cache().metrics().get("corrupt")).isPositive();
        }
        try (Kiln kiln = open()) {
            assertThat(compileAndRun(kiln, model).cacheHit()).isTrue();
            assertThat(kiln.cache().artifacts().verify(false).bad()).isEmpty();
        }
    }

    private void damageObject(Damage damage) throws IOException {
        Blob object;
        try (Kiln kiln = open()) {
            object = compileAndRun(kiln, model).graph().code().object();
        }
        try (CacheHome home = CacheHome.open(new CacheSettings(cache, CacheMode.READ))) {
            damage.to(home.blobs().path(object));
        }
    }

    @Test
    void replacesBitFlippedCode() throws IOException {
        damageObject(file -> {
            byte[] bytes = Files.readAllBytes(file);
            bytes[bytes.length / 2] ^= 4;
            Files.write(file, bytes);
        });
        assertDetectedAndReplaced();
    }

    @Test
    void replacesTruncatedCode() throws IOException {
        damageObject(file -> Files.write(file, Arrays.copyOf(Files.readAllBytes(file), 100)));
        assertDetectedAndReplaced();
    }

    @Test
    void replacesMissingCode() throws IOException {
        damageObject(Files::delete);
        try (Kiln kiln = open()) {
            assertThat(compileAndRun(kiln, model).cacheHit()).isFalse();
        }
        try (Kiln kiln = open()) {
            assertThat(compileAndRun(kiln, model).cacheHit()).isTrue();
        }
    }

    @Test
    void replacesBitFlippedRecord() {
        damageRecord(record -> {
            record[record.length / 2] ^= 1;
            return record;
        });
        assertDetectedAndReplaced();
    }

    @Test
    void replacesTruncatedRecord() {
        damageRecord(record -> Arrays.copyOf(record, record.length - 7));
        assertDetectedAndReplaced();
    }

    private void damageRecord(UnaryOperator<byte[]> damage) {
        CacheKey key;
        try (Kiln kiln = open()) {
            key = compileAndRun(kiln, model).key();
        }
        byte[] name = key.text().getBytes(StandardCharsets.US_ASCII);
        try (CacheHome home = CacheHome.open(new CacheSettings(cache, CacheMode.WRITE))) {
            byte[] record = home.records().get(Kind.ARTIFACT, name).orElseThrow();
            home.records().write(List.of(Change.put(Kind.ARTIFACT, name, damage.apply(record)))).join();
        }
    }

    @Test
    void worksOnAfterKillsAtRandomMoments() throws Exception {
        killCompiles(model, 5, 1500);
        try (Kiln kiln = open()) {
            compileAndRun(kiln, model);
            assertThat(kiln.cache().artifacts().verify(false).bad()).isEmpty();
        }
    }

    @Test
    @Tag("nightly")
    void worksOnAfterKillsAtRandomMomentsOfALargeCompile() throws Exception {
        killCompiles(Models.miniLm(), 20, 9000);
        try (Kiln kiln = open()) {
            kiln.compileBlocking(Models.miniLm()).close();
            assertThat(kiln.cache().artifacts().verify(false).bad()).isEmpty();
        }
    }

    private void killCompiles(Path victim, int times, int withinMillis) throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int i = 0; i < times; i++) {
            Process process = new ProcessBuilder(command(victim)).redirectErrorStream(true)
                .redirectOutput(folder.resolve("output.txt").toFile()).start();
            process.waitFor(100 + random.nextInt(withinMillis), TimeUnit.MILLISECONDS);
            process.destroyForcibly();
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).as("seed " + seed).isTrue();
        }
    }

    private List<String> command(Path victim) {
        List<String> command = new ArrayList<>(List.of(ProcessHandle.current().info().command().orElseThrow(),
            "--enable-native-access=ALL-UNNAMED", "--add-opens=java.base/java.nio=ALL-UNNAMED",
            "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"),
            "dev.kiln.cli.Main"));
        command.addAll(List.of("compile", victim.toString(), "--cache-dir", cache.toString()));
        return command;
    }
}
