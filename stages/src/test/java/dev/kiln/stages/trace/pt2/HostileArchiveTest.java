package dev.kiln.stages.trace.pt2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Graph;
import dev.kiln.stages.trace.TraceOptions;
import dev.kiln.stages.trace.pt2.archive.ZipWriter;
import dev.kiln.stages.trace.pt2.archive.ZipWriter.Style;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damaged and malicious files give a typed error of one line, or a graph; never anything else. */
class HostileArchiveTest {
    private static final int ROUNDS = 800;

    @TempDir
    private static Path folder;

    private int accepted;
    private int refused;

    private void load(byte[] archive, String what) throws IOException {
        Path file = Files.write(folder.resolve("f" + (accepted + refused) % 8 + ".pt2"), archive);
        try {
            Graph graph = Pt2Importer.importModel(file, TraceOptions.NONE);
            assertThat(graph.outputs()).isNotNull();
            accepted++;
        } catch (KilnException.BadInput e) {
            assertThat(e.getMessage()).as(what).hasLineCount(1).hasSizeLessThan(2000);
            refused++;
        } catch (RuntimeException | Error e) {
            throw new AssertionError(what + ": " + e, e);
        }
    }

    private static List<byte[]> archives() {
        TinyProgram program = TinyProgram.linear("Symbol('s77', integer=True)").range("s77", 2L, 64L);
        return List.of(Containers.raw(program, Style.DESCRIPTORS), Containers.saved(program, Style.ZIP64),
            Containers.legacy(program, OldEncodings.typed(program), true));
    }

    @Test
    void survivesChangedBytes() throws IOException {
        Random random = new Random(20);
        List<byte[]> archives = archives();
        for (int round = 0; round < ROUNDS; round++) {
            byte[] archive = archives.get(round % archives.size()).clone();
            for (int i = random.nextInt(4); i >= 0; i--) {
                int at = random.nextBoolean() ? random.nextInt(archive.length)
                    : Math.max(0, archive.length - 1 - random.nextInt(600));
                archive[at] = (byte) (random.nextBoolean() ? random.nextInt(256)
                    : archive[at] ^ 1 << random.nextInt(8));
            }
            load(archive, "round " + round);
        }
        assertThat(refused).isGreaterThan(ROUNDS / 4);
    }

    @Test
    void survivesCutAndJoinedFiles() throws IOException {
        Random random = new Random(21);
        List<byte[]> archives = archives();
        for (int round = 0; round < 300; round++) {
            byte[] archive = archives.get(round % archives.size());
            int from = random.nextInt(archive.length);
            int to = from + random.nextInt(archive.length - from);
            byte[] joined = Arrays.copyOf(archive, archive.length - (to - from));
            System.arraycopy(archive, to, joined, from, archive.length - to);
            load(joined, "round " + round);
        }
        assertThat(refused).isGreaterThan(250);
    }

    /** Checksums are right, so the text reaches the decoder. */
    @Test
    void survivesChangedPrograms() throws IOException {
        Random random = new Random(22);
        String json = Containers.text(TinyProgram.linear("2*s0 + 1").input("y", "s0").range("s0", 1L, 64L).root);
        String[] tokens = {"null", "true", "-1", "9223372036854775807", "1e999", "\"\"", "[]", "{}", "\"x\"", "NaN",
            "0"};
        for (int round = 0; round < ROUNDS; round++) {
            StringBuilder text = new StringBuilder(json);
            for (int i = random.nextInt(2); i >= 0; i--) {
                List<Integer> places = values(text);
                int start = places.get(random.nextInt(places.size()));
                int end = start + 1;
                while (end < text.length() && ",]}:".indexOf(text.charAt(end)) < 0) {
                    end++;
                }
                text.replace(start, end, tokens[random.nextInt(tokens.length)]);
            }
            load(new ZipWriter(Style.PLAIN).add("m/archive_format", "pt2").add("m/models/model.json", text.toString())
                .bytes(), "round " + round + ": " + text);
        }
        assertThat(refused).isGreaterThan(ROUNDS / 2);
    }

    private static List<Integer> values(CharSequence text) {
        List<Integer> places = new ArrayList<>();
        for (int i = 1; i < text.length() - 1; i++) {
            boolean start = ":[,".indexOf(text.charAt(i - 1)) >= 0 && "{[".indexOf(text.charAt(i)) < 0;
            if (start) {
                places.add(i);
            }
        }
        return places;
    }

    @Test
    void survivesSizesThatOverflow() throws IOException {
        for (Object size : List.of(Long.MAX_VALUE, Long.MIN_VALUE, -1L, "9223372036854775807*s0", "s0**16",
                "s0".repeat(100), "1" + "0".repeat(500))) {
            TinyProgram program = new TinyProgram().input("x", "s0", size, size).node("relu.default", "relu", "self",
                "%x")
                .output("relu");
            load(Containers.raw(program, Style.PLAIN), "size " + size);
        }
        assertThat(refused).isGreaterThanOrEqualTo(4);
    }

    /** A weight that claims more than a terabyte, from one stored number. */
    @Test
    void allocatesNoMoreThanTheFileHolds() throws IOException {
        for (List<Long> strides : List.of(List.of(0L, 0L), List.of(1L << 40, 1L))) {
            TinyProgram program = new TinyProgram().storage("s", 1)
                .parameter("w", new TinyProgram.Weight("s", 0, List.of(1L << 20, 1L << 20), strides))
                .node("relu.default", "relu", "self", "%p_w").output("relu");
            load(Containers.raw(program, Style.PLAIN), "strides " + strides);
            load(Containers.saved(program, Style.PLAIN), "strides " + strides);
        }
        TinyProgram empty = new TinyProgram().storage("s").parameter("w", "s", 1L << 20, 1L << 20)
            .node("relu.default", "relu", "self", "%p_w").output("relu");
        load(Containers.raw(empty, Style.PLAIN), "empty storage");
        assertThat(refused).isEqualTo(5);
    }

    @Test
    void keepsControlCharactersOutOfMessages() throws IOException {
        TinyProgram program = new TinyProgram().input("x", 2).node("relu.default", "r", "self", "%x")
            .call("evil\n\u001b[31m.op", "[]").output("r");
        load(Containers.raw(program, Style.PLAIN), "control characters");
        byte[] names = new ZipWriter(Style.PLAIN).add("a\nb/../c", "x".getBytes(StandardCharsets.UTF_8)).bytes();
        load(names, "entry name");
        assertThat(refused).isEqualTo(2);
    }
}
