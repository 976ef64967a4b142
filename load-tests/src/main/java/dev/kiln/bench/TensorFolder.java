package dev.kiln.bench;

import dev.kiln.kernels.runtime.Npy;
import dev.kiln.kernels.runtime.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Named tensors in a folder, to hand to another process: numbered {@code .npy} files and their names. */
record TensorFolder(Path folder) {
    private static final String NAMES = "names.txt";

    void write(Map<String, Tensor> tensors) {
        try {
            Files.createDirectories(folder);
            List<String> names = new ArrayList<>(tensors.keySet());
            for (int i = 0; i < names.size(); i++) {
                Npy.write(file(i), tensors.get(names.get(i)));
            }
            Files.write(folder.resolve(NAMES), names);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write tensors to " + folder, e);
        }
    }

    Map<String, Tensor> read() {
        try {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (String name : Files.readAllLines(folder.resolve(NAMES))) {
                tensors.put(name, Npy.read(file(tensors.size())));
            }
            return tensors;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read tensors from " + folder, e);
        }
    }

    /** The file of each tensor, by name. */
    Map<String, Path> files() {
        Map<String, Path> files = new LinkedHashMap<>();
        read().keySet().forEach(name -> files.put(name, file(files.size())));
        return files;
    }

    private Path file(int index) {
        return folder.resolve(index + ".npy");
    }
}
