package dev.kiln.zoo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Runs {@code export.py}, which describes the models, in a folder. */
final class Exporter {
    private static final List<String> SCRIPTS = List.of("audio", "export", "generative", "graph", "language", "model",
        "pretrained", "recurrent", "vision");

    private final Path folder;

    private Exporter(Path folder) {
        this.folder = folder;
    }

    static Exporter in(Path folder) throws IOException {
        for (String script : SCRIPTS) {
            try (InputStream in = Exporter.class.getResourceAsStream(script + ".py")) {
                Files.copy(in, folder.resolve(script + ".py"));
            }
        }
        return new Exporter(folder);
    }

    /** All models, {@code FAMILY/NAME}, and {@code FAMILY/NAME+open} for their form with open sizes. */
    List<String> names() throws IOException, InterruptedException {
        return python("--list").lines().toList();
    }

    /** The folder of one model: {@code model.onnx}, and examples 0 and up with {@code in} and {@code out}. */
    Path export(String name) throws IOException, InterruptedException {
        python(folder.toString(), name);
        return folder.resolve(name);
    }

    static void delete(Path exported) throws IOException {
        try (Stream<Path> files = Files.walk(exported)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private String python(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("/usr/bin/python3", folder.resolve("export.py").toString()));
        command.addAll(List.of(arguments));
        Process python = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(python.waitFor()).as("exporting needs python3-torch and python3-torchvision"
            + " (apt install python3-torch python3-torchvision):%n%s", output).isZero();
        return output;
    }
}
