package dev.kiln.cli;

import dev.kiln.kernels.runtime.Npy;
import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.KilnException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** Where outputs go: one {@code .npy} file each. */
final class OutputFiles {
    private OutputFiles() {
    }

    /** Every character outside {@code [A-Za-z0-9_.-]} becomes an underscore. */
    static String fileName(String output) {
        StringBuilder name = new StringBuilder();
        for (int i = 0; i < output.length(); i++) {
            char c = output.charAt(i);
            boolean kept = c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_'
                || c == '.' || c == '-';
            name.append(kept ? c : '_');
        }
        return name.append(".npy").toString();
    }

    /** Where each output will be written; no two to the same file. */
    static Map<String, Path> plan(Path folder, Iterable<String> outputs) {
        Map<String, Path> files = new LinkedHashMap<>();
        Set<Path> taken = new HashSet<>();
        for (String output : outputs) {
            Path file = folder.resolve(fileName(output));
            if (!taken.add(file)) {
                throw new KilnException.BadInput("outputs would overwrite each other in " + file
                    + "; rename one of them in the model");
            }
            files.put(output, file);
        }
        return files;
    }

    static void write(Map<String, Tensor> outputs, Map<String, Path> files) {
        for (Map.Entry<String, Path> file : files.entrySet()) {
            Npy.write(file.getValue(), outputs.get(file.getKey()));
        }
    }

    static void create(Path folder) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new KilnException.BadInput("cannot make --output-dir " + folder + ": " + e, e);
        }
    }
}
