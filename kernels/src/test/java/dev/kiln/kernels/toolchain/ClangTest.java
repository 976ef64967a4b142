package dev.kiln.kernels.toolchain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClangTest {
    @Test
    void identityNeedsNoUnpacking(@TempDir Path root) {
        Clang clang = new Clang(root);
        assertThat(clang.version()).startsWith("20.1");
        assertThat(clang.digest()).hasSize(32).isEqualTo(Clang.bundled().digest());
        assertThat(clang.isUnpacked()).isFalse();
        assertThat(root.toFile().listFiles(File::isDirectory)).isEmpty();
    }

    @Test
    void theNotedIdentityIsUsedOnlyForTheSameJar(@TempDir Path root) throws Exception {
        String digest = new Clang(root).digest();
        Path note = root.resolve(root.toFile().list()[0]);
        String text = Files.readString(note);
        Files.writeString(note, text.replace(digest, "0".repeat(32)));
        assertThat(new Clang(root).digest()).isEqualTo("0".repeat(32));
        Files.writeString(note, "another.jar 1 2" + text.substring(text.indexOf('\n')));
        assertThat(new Clang(root).digest()).isEqualTo(digest);
        Files.writeString(note, "damaged");
        assertThat(new Clang(root).digest()).isEqualTo(digest);
    }

    @Test
    void aSecondInstanceFindsTheUnpackedTools() {
        Path compiler = Clang.bundled().compiler();
        Clang again = new Clang(compiler.getParent().getParent());
        assertThat(again.isUnpacked()).isTrue();
        assertThat(again.compiler()).isEqualTo(compiler).isExecutable();
    }

    @Test
    void saysWhatToDoWhenItCannotUnpack(@TempDir Path dir) throws Exception {
        Path file = Files.writeString(dir.resolve("file"), "in the way");
        assertThatThrownBy(() -> new Clang(file.resolve("tools")).compiler())
                .isInstanceOf(ToolchainException.class).hasMessageContaining("KILN_TOOLCHAIN_DIR");
    }

    @Test
    @Tag("nightly")
    void processesUnpackSideBySide(@TempDir Path root) throws Exception {
        List<Process> processes = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            processes.add(new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java")
                    .toString(),
                    "-cp", System.getProperty("java.class.path"), Unpack.class.getName(), root.toString())
                    .redirectError(ProcessBuilder.Redirect.INHERIT).start());
        }
        for (Process process : processes) {
            String output = new String(process.getInputStream().readAllBytes());
            assertThat(process.waitFor()).isZero();
            assertThat(output).contains("clang version 20");
        }
        try (Stream<Path> entries = Files.list(root)) {
            assertThat(entries.filter(Files::isDirectory)).as("no unfinished folder is left").hasSize(1);
        }
    }

    /** Unpacks with several threads at once, then runs the compiler. */
    static final class Unpack {
        private Unpack() {
        }

        public static void main(String[] args) throws Exception {
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                threads.add(Thread.ofPlatform().start(() -> new Clang(Path.of(args[0])).compiler()));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            Process clang = new ProcessBuilder(new Clang(Path.of(args[0])).compiler().toString(), "--version")
                    .inheritIO().start();
            System.exit(clang.waitFor());
        }
    }
}
