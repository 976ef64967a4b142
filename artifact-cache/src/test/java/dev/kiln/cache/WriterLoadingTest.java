package dev.kiln.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who pays for the start of lmdbjava: seen in the class-loading log of a child JVM, a thread id a line. */
class WriterLoadingTest {
    private static final List<String> NATIVE = List.of("org.lmdbjava.", "jnr.ffi.", "com.kenai.jffi.");

    @TempDir
    Path folder;

    @Test
    void aProcessThatOnlyReadsLoadsNothingOfLmdbjava() throws Exception {
        assertThat(run(EntryWriter.class, 1, 1, 1)).isZero();
        Files.delete(folder.resolve("classes"));
        assertThat(run(EntryReader.class, 1)).as(Files.readString(folder.resolve("log"))).isZero();
        assertThat(threadsLoading("dev.kiln.cache.store.LmdbPages ")).hasSize(1);
        for (String name : NATIVE) {
            assertThat(threadsLoading(name)).as(name).isEmpty();
        }
    }

    @Test
    void theFirstWriteLoadsLmdbjavaOnTheWriterThread() throws Exception {
        assertThat(run(EntryWriter.class, 1, 1, 1)).isZero();
        assertThat(Files.readString(folder.resolve("log"))).doesNotContain("WARNING");
        List<String> main = threadsLoading("dev.kiln.cache.EntryWriter ");
        assertThat(main).hasSize(1);
        for (String name : NATIVE) {
            assertThat(threadsLoading(name)).as(name).isNotEmpty().doesNotContainAnyElementsOf(main);
        }
        assertThat(folder.resolve("cache/tmp")).as("the C library is gone").isEmptyDirectory();
    }

    private int run(Class<?> main, int... numbers) throws IOException, InterruptedException {
        Object[] arguments = Stream.concat(Stream.of(folder.resolve("cache")),
                Arrays.stream(numbers).boxed()).toArray();
        var flags = List.of("-Xlog:class+load:file=" + folder.resolve("classes") + ":tid",
                "--sun-misc-unsafe-memory-access=allow");
        return ChildJvm.start(flags, main, folder.resolve("log"), arguments).waitFor();
    }

    private List<String> threadsLoading(String name) throws IOException {
        try (var lines = Files.lines(folder.resolve("classes"))) {
            return lines.filter(line -> line.contains("] " + name))
                    .map(line -> line.substring(0, line.indexOf(']'))).distinct().toList();
        }
    }
}
