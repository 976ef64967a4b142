package dev.kiln.kernels.toolchain;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A private temporary folder that goes away with everything in it. */
record WorkFolder(Path path) implements AutoCloseable {
    static WorkFolder create() throws IOException {
        return new WorkFolder(Files.createTempDirectory("kiln-cc-"));
    }

    @Override
    public void close() throws IOException {
        ToolchainUnpacker.deleteTree(path);
    }
}
