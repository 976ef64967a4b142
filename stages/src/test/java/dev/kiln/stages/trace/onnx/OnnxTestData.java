package dev.kiln.stages.trace.onnx;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Where ONNX's backend test data lies: in the folder that the environment names, in an installed package, or in the
 * build folder, into which Debian's package is unpacked (no root needed) the first time.
 */
final class OnnxTestData {
    private static final String VARIABLE = "KILN_ONNX_TESTDATA";
    private static final Path INSTALLED = Path.of("/usr/lib/python3/dist-packages/onnx/backend/test/data");
    private static final Path UNPACKED = Path.of("target", "onnx-testdata").toAbsolutePath();
    private static final int FETCH_SECONDS = 300;

    private OnnxTestData() {
    }

    /** The folder with {@code node}, {@code simple} and so on; fails with what to do if there is none. */
    static Path folder() {
        String named = System.getenv(VARIABLE);
        if (named != null && !named.isEmpty()) {
            return require(Path.of(named), VARIABLE + " names " + named);
        }
        Path inBuild = UNPACKED.resolve(INSTALLED.getRoot().relativize(INSTALLED));
        if (!holdsData(INSTALLED) && !holdsData(inBuild)) {
            unpack();
        }
        return holdsData(INSTALLED) ? INSTALLED : require(inBuild, "fetching libonnx-testdata gave nothing");
    }

    private static boolean holdsData(Path folder) {
        return Files.isDirectory(folder.resolve("node"));
    }

    private static Path require(Path folder, String what) {
        if (!holdsData(folder)) {
            throw new IllegalStateException(what + ", but there is no ONNX backend test data. On Debian or Ubuntu "
                + "install libonnx-testdata; elsewhere set " + VARIABLE + " to the folder onnx/backend/test/data of "
                + "the Python package onnx (1.12); or leave these tests out with -Dkiln.excluded.tests=nightly,onnx-data");
        }
        return folder;
    }

    private static void unpack() {
        try {
            Files.createDirectories(UNPACKED);
            run("apt-get", "download", "-q", "libonnx-testdata");
            if (archives().isEmpty()) {
                run("apt-get", "update", "-q");
                run("apt-get", "download", "-q", "libonnx-testdata");
            }
            for (Path archive : archives()) {
                run("dpkg-deb", "-x", archive.toString(), UNPACKED.toString());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<Path> archives() throws IOException {
        try (Stream<Path> files = Files.list(UNPACKED)) {
            return files.filter(f -> f.toString().endsWith(".deb")).toList();
        }
    }

    /** What goes wrong shows in what is missing afterwards. */
    private static void run(String... command) {
        try {
            Process process = new ProcessBuilder(List.of(command)).directory(UNPACKED.toFile()).inheritIO().start();
            if (!process.waitFor(FETCH_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (IOException e) {
            System.err.println(command[0] + ": " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
