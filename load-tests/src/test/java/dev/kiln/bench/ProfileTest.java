package dev.kiln.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class ProfileTest {
    @TempDir
    Path folder;

    private String run(String... options) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(TinyModel.write(folder).toString(), "--cache-dir",
                folder.resolve("cache").toString(), "--runs", "3"));
        arguments.addAll(List.of(options));
        StringWriter out = new StringWriter();
        ProfileCommand command = new ProfileCommand();
        new CommandLine(command).setOut(new PrintWriter(out)).setErr(new PrintWriter(new StringWriter()))
                .parseArgs(arguments.toArray(String[]::new));
        command.call();
        return out.toString();
    }

    @Test
    void kernelsTakeAllOfTheTime() throws IOException {
        Map<String, Object> profile = Json.read(run("--json", "--shape", "x=3x4", "--shape", "y=3x4"));
        double all = (double) profile.get("ms");
        assertThat(all).isPositive();
        List<?> kernels = (List<?>) profile.get("kernels");
        assertThat(kernels).isNotEmpty().allSatisfy(k -> {
            assertThat((String) ((Map<?, ?>) k).get("kernel")).startsWith("kernel");
            assertThat((List<?>) ((Map<?, ?>) k).get("nodes")).isNotEmpty();
        });
        List<Double> times = kernels.stream().map(k -> (double) ((Map<?, ?>) k).get("ms")).toList();
        assertThat(times.stream().mapToDouble(Double::doubleValue).sum()).isCloseTo(all, within(1e-6 * all));
        assertThat(times).isSortedAccordingTo((a, b) -> Double.compare(b, a));
    }

    @Test
    void tellsItInWords() throws IOException {
        assertThat(run("--hint", "x=3x4", "--hint", "y=3x4")).contains("ms a run", " x kernel0");
        assertThat(run("--steps", "--shape", "x=3x4", "--shape", "y=3x4").lines().skip(1)).allMatch(line -> line.contains(" 1 x kernel"));
    }
}
