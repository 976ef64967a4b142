package dev.kiln.demo;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kiln.demo.train.TrainDemoCommand;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class TrainDemoTest {
    @TempDir
    private Path folder;

    private JsonNode run(int steps) throws Exception {
        StringWriter out = new StringWriter();
        CommandLine command = new CommandLine(new TrainDemoCommand()).setOut(new PrintWriter(out))
            .setErr(new PrintWriter(new StringWriter()));
        int status = command.execute("--text", folder.toString(), "--suffix", ".txt", "--steps", Integer.toString(steps),
            "--batch", "4", "--cache-dir", folder.resolve("cache").toString(), "--no-max-autotune", "--json");
        assertThat(status).isZero();
        return new ObjectMapper().readTree(out.toString());
    }

    @Test
    void learnsAndStartsWarmTheSecondTime() throws Exception {
        for (int i = 0; i < 10; i++) {
            Files.writeString(folder.resolve("text" + i + ".txt"), "the quick brown fox jumps over the lazy dog. ".repeat(40));
        }
        JsonNode first = run(30);
        assertThat(first.get("warm").asBoolean()).isFalse();
        assertThat(first.get("lastLoss").asDouble()).isLessThan(first.get("firstLoss").asDouble() / 1.5);
        JsonNode second = run(2);
        assertThat(second.get("warm").asBoolean()).isTrue();
        assertThat(second.get("firstLoss").asDouble()).isEqualTo(first.get("firstLoss").asDouble());
    }
}
