package dev.kiln.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kiln.Models;
import dev.kiln.kernels.runtime.Npy;
import dev.kiln.kernels.runtime.Tensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CommandLineTest {
    @TempDir
    Path folder;

    private Path model;

    @BeforeEach
    void makeModel() {
        model = Models.linear(folder.resolve("linear.onnx"), -1);
    }

    /** What a command line came to. */
    private record Outcome(int code, List<String> out, List<String> err) {
        JsonNode json() {
            try {
                return new ObjectMapper().readTree(out.getLast());
            } catch (IOException e) {
                throw new AssertionError("the last line is no JSON: " + out.getLast(), e);
            }
        }

        void assertBadInput(String... words) {
            assertThat(code).as(err.toString()).isEqualTo(2);
            assertThat(err).hasSize(1);
            assertThat(err.getFirst()).startsWith("kiln: ").contains(words);
        }
    }

    private static Outcome kiln(Object... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code = Main.execute(new PrintStream(out), new PrintStream(err),
            Arrays.stream(args).map(Object::toString).toArray(String[]::new));
        return new Outcome(code, out.toString(StandardCharsets.UTF_8).lines().toList(),
            err.toString(StandardCharsets.UTF_8).lines().toList());
    }

    private Outcome cached(Object... args) {
        List<Object> all = new ArrayList<>(List.of(args));
        all.addAll(List.of("--cache-dir", folder.resolve("cache")));
        return kiln(all.toArray());
    }

    private Path input(String name, Tensor tensor) {
        Path file = folder.resolve(name + ".npy");
        Npy.write(file, tensor);
        return file;
    }

    private static Tensor ones(long... shape) {
        float[] values = new float[(int) Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
        Arrays.fill(values, 1);
        return Tensor.ofFloats(values, shape);
    }

    @Test
    void compilesAndThenLoads() {
        JsonNode first = cached("compile", model, "--json").json();
        assertThat(first.fieldNames()).toIterable()
            .containsExactly("key", "cache", "total_ms", "stages", "kernels", "artifact_bytes");
        assertThat(first.get("cache").asText()).isEqualTo("miss");
        assertThat(first.get("stages").has("codegen")).isTrue();
        JsonNode second = cached("compile", model, "--json").json();
        assertThat(second.get("cache").asText()).isEqualTo("hit");
        assertThat(second.get("key")).isEqualTo(first.get("key"));
        assertThat(second.get("kernels")).isEqualTo(first.get("kernels"));
        assertThat(second.get("artifact_bytes")).isEqualTo(first.get("artifact_bytes"));
    }

    @Test
    void runsAndWritesOutputs() {
        Path out = folder.resolve("out");
        Outcome outcome = cached("run", model, "--input", "x=" + input("x", ones(2, 4)), "--output-dir", out,
            "--json");
        assertThat(outcome.err()).isEmpty();
        assertThat(outcome.json().fieldNames()).toIterable()
            .contains("cache", "load_ms", "run_ms", "outputs");
        Tensor y = Npy.read(out.resolve("y.npy"));
        assertThat(y.shape()).containsExactly(2, 3);
        assertThat(y.toFloatArray()).containsOnly(3);
    }

    @Test
    void explainsAndWritesSources() {
        Path sources = folder.resolve("sources");
        Outcome outcome = cached("compile", model, "--explain", "--explain-sources", sources);
        assertThat(outcome.code()).isZero();
        assertThat(outcome.out()).anyMatch(line -> line.startsWith("schedule: "));
        assertThat(sources.resolve("kernels.c")).content().contains("kiln_entry", "relu");
    }

    @Test
    void writesATimeline() throws IOException {
        Path trace = folder.resolve("trace.json");
        assertThat(cached("compile", model, "--trace", trace).code()).isZero();
        JsonNode events = new ObjectMapper().readTree(trace.toFile()).get("traceEvents");
        assertThat(events).anyMatch(e -> e.get("name").asText().equals("codegen") && e.get("dur")
            .asDouble() > 0);
    }

    @Test
    void reportsATruncatedModel() throws IOException {
        byte[] bytes = Files.readAllBytes(model);
        Files.write(model, Arrays.copyOf(bytes, bytes.length / 2));
        cached("compile", model).assertBadInput("linear.onnx");
    }

    @Test
    void reportsAnUnknownOp() {
        cached("compile", Models.unary(folder.resolve("odd.onnx"), "NoSuchOp"))
            .assertBadInput("odd.onnx", "NoSuchOp");
    }

    @Test
    void reportsAMissingModel() {
        cached("compile", folder.resolve("absent.onnx")).assertBadInput("absent.onnx", "no such model file");
    }

    @Test
    void reportsAWrongDtype() {
        Path x = input("x", Tensor.ofLongs(new long[4], 1, 4));
        cached("run", model, "--input", "x=" + x, "--output-dir", folder.resolve("out"))
            .assertBadInput("'x'", "i64");
        assertThat(folder.resolve("out")).doesNotExist();
    }

    @Test
    void reportsAWrongShape() {
        cached("run", model, "--input", "x=" + input("x", ones(2, 5)), "--output-dir", folder.resolve("out"))
            .assertBadInput("'x'", "5");
    }

    @Test
    void reportsAMissingInput() {
        cached("run", model, "--output-dir", folder.resolve("out")).assertBadInput("'x'", "missing");
    }

    @Test
    void reportsAnUnknownInput() {
        cached("run", model, "--input", "x=" + input("x", ones(1, 4)), "--input", "z="
            + input("z", ones(1, 4)),
            "--output-dir", folder.resolve("out")).assertBadInput("'z'");
    }

    @Test
    void reportsAnInputFileThatIsNotThere() {
        cached("run", model, "--input", "x=" + folder.resolve("no.npy"), "--output-dir",
            folder.resolve("out"))
            .assertBadInput("no.npy");
    }

    @Test
    void reportsAShapeThatIsNone() {
        cached("compile", model, "--shape", "x=1xtwo").assertBadInput("two", "1x3x224x224");
        cached("compile", model, "--shape", "x").assertBadInput("NAME=VALUE");
    }

    @Test
    void reportsOptionsThatAreNotKnown() {
        kiln("compile", model, "--fast").assertBadInput("--fast");
        kiln("compile").assertBadInput("MODEL");
        kiln("bake", model).assertBadInput("bake");
        kiln().assertBadInput("command");
        cached("compile", model, "--precision", "int2").assertBadInput("int2", "fp32");
        cached("compile", model, "--isa", "mmx").assertBadInput("mmx", "avx512");
        cached("compile", model, "--threads", "0").assertBadInput("--threads");
    }

    @Test
    void pinsShapes() {
        assertThat(cached("compile", model, "--shape", "x=2x4").code()).isZero();
        Outcome other = cached("run", model, "--shape", "x=2x4", "--input", "x=" + input("x", ones(3, 4)),
            "--output-dir", folder.resolve("out"));
        other.assertBadInput("'x'");
    }

    /** The model's input is f32[batch, 4]. */
    @Test
    void keepsOpenWhatTheUserSays() {
        Outcome ranged = cached("compile", model, "--dynamic", "x=0:2-8", "--explain");
        assertThat(ranged.out()).anyMatch(l -> l.contains("symbol: s0 in [2, 8]"));
        cached("run", model, "--dynamic", "x=0:2-8", "--input", "x=" + input("x", ones(9, 4)), "--output-dir",
            folder.resolve("out")).assertBadInput("at most 8");
        Outcome fixed = cached("compile", model, "--static", "--hint", "x=3x4", "--explain");
        assertThat(fixed.code()).isZero();
        assertThat(fixed.out()).noneMatch(l -> l.contains("symbol:"));
        cached("compile", model, "--static").assertBadInput("dimension 0", "--hint x=");
        cached("compile", model, "--dynamic", "x=0:8-2").assertBadInput("--dynamic x=0:8-2", "from 8 to 2");
        cached("compile", model, "--dynamic", "x=zero").assertBadInput("--dynamic x=zero", "NAME=DIM");
        cached("compile", model, "--dynamic", "x=5").assertBadInput("no dimension 5");
        cached("compile", model, "--dynamic", "y=0").assertBadInput("no input", "x");
    }

    @Test
    void withoutACacheNothingIsWritten() {
        assertThat(cached("compile", model, "--no-cache", "--json").json().get("cache").asText())
            .isEqualTo("miss");
        assertThat(folder.resolve("cache")).doesNotExist();
    }

    @Test
    void looksAfterTheCache() {
        cached("compile", model);
        assertThat(cached("cache", "stats", "--json").json().get("blobs").asLong()).isPositive();
        assertThat(cached("cache", "verify", "--json").json().get("bad")).isEmpty();
        assertThat(cached("cache", "prune", "--max-bytes", "0", "--json").json().get("entries").asLong())
            .isPositive();
        assertThat(cached("compile", model, "--json").json().get("cache").asText()).isEqualTo("miss");
        cached("cache", "prune", "--max-bytes", "many").assertBadInput("many");
        cached("cache").assertBadInput("stats");
    }

    @Test
    void tellsItsVersion() {
        assertThat(kiln("version").out().getFirst()).matches("kiln \\d.* on Java .*");
        assertThat(kiln("--version").out().getFirst()).matches("kiln \\d.*");
        assertThat(String.join("\n", kiln("--help").out()))
            .contains("compile", "run", "conformance", "cache");
    }

    @Test
    void makesFileNamesOfOutputNames() {
        assertThat(OutputFiles.fileName("a/b:0 ä.y-z_1")).isEqualTo("a_b_0__.y-z_1.npy");
    }

    @Test
    void aRemoteCacheThatIsGoneIsNoReasonNotToCompile() throws IOException {
        Path model = Models.linear(folder.resolve("linear.onnx"), -1);
        int free;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            free = socket.getLocalPort();
        }
        String gone = "redis://127.0.0.1:" + free;
        JsonNode compiled = cached("compile", model, "--remote-cache", gone, "--json").json();
        assertThat(compiled.get("cache").asText()).isEqualTo("miss");
        assertThat(compiled.get("remote").asBoolean()).isFalse();
        Outcome asked = kiln("cache", "remote", "--remote-cache", gone);
        assertThat(asked.code()).isEqualTo(Failures.FAILED);
        assertThat(asked.err()).singleElement().asString().contains(gone, "does not answer", "refused");
        Outcome pushed = cached("cache", "push", "--remote-cache", gone, "--json");
        assertThat(pushed.code()).isEqualTo(Failures.FAILED);
        assertThat(pushed.json().get("complete").asBoolean()).isFalse();
        kiln("cache", "push").assertBadInput("KILN_REMOTE_CACHE", "--remote-cache");
        kiln("cache", "remote").assertBadInput("KILN_REMOTE_CACHE", "--remote-cache");
        kiln("cache", "remote", "--remote-cache", "127.0.0.1:6379").assertBadInput("redis://host:port");
    }
}
