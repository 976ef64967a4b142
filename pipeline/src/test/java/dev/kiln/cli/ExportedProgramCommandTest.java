package dev.kiln.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.kernels.runtime.Npy;
import dev.kiln.kernels.runtime.Tensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command line on a .pt2 archive: as on an ONNX model. */
class ExportedProgramCommandTest {
    @TempDir
    Path folder;

    private String error;

    private static Path model() throws URISyntaxException {
        return Path.of(ExportedProgramCommandTest.class.getResource("/dev/kiln/pt2/tiny_mlp").toURI());
    }

    private int kiln(Object... args) {
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        String[] all = Stream.concat(Arrays.stream(args), Stream.of("--cache-dir", folder.resolve("cache")))
            .map(Object::toString).toArray(String[]::new);
        int code = Main.execute(new PrintStream(new ByteArrayOutputStream()), new PrintStream(err), all);
        error = err.toString(StandardCharsets.UTF_8).strip();
        return code;
    }

    @Test
    void runsAndNamesTheOutputAfterItsValue() throws URISyntaxException {
        Path out = folder.resolve("out");
        Path input = model().resolve("in.x.npy");
        assertThat(kiln("run", model().resolve("model.pt2"), "--input", "x=" + input, "--output-dir", out)).isZero();
        Tensor y = Npy.read(out.resolve("_log_softmax.npy"));
        float[] expected = Npy.read(model().resolve("out.npy")).toFloatArray();
        for (int i = 0; i < expected.length; i++) {
            assertThat(y.toFloatArray()[i]).isCloseTo(expected[i], org.assertj.core.data.Offset.offset(1e-5f));
        }
    }

    @Test
    void takesAnArchiveUnderAnyName() throws IOException, URISyntaxException {
        Path copy = Files.copy(model().resolve("model.pt2"), folder.resolve("weights.bin"));
        assertThat(kiln("compile", copy)).as(error).isZero();
    }

    @Test
    void saysInOneLineWhatIsWrong() throws IOException, URISyntaxException {
        byte[] bytes = Files.readAllBytes(model().resolve("model.pt2"));
        Path cut = Files.write(folder.resolve("cut.pt2"), Arrays.copyOf(bytes, bytes.length / 2));
        assertThat(kiln("compile", cut)).isEqualTo(2);
        assertThat(error).hasLineCount(1).contains("cut.pt2: not a complete ZIP archive");
    }
}
