package dev.kiln.cli;

import dev.kiln.CompileInfo;
import dev.kiln.Kiln;
import dev.kiln.cache.Blob;
import dev.kiln.ops.KilnException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** What {@code --explain} shows: decisions, and the generated C with its comments. A picocli mix-in. */
final class Explanation {
    @Option(names = "--explain", description = "Tell what each phase decided.")
    private boolean explain;

    @Option(names = "--explain-sources", paramLabel = "DIR",
        description = "Write the generated C to DIR/kernels.c.")
    private Path sources;

    void show(PrintWriter out, Kiln kiln, CompileInfo info) {
        if (explain) {
            info.decisions().forEach(out::println);
            info.graph().signature().guards().forEach(guard -> out.println("guard: " + guard));
        }
        if (sources != null) {
            write(kiln, info.graph().code().sources());
        }
    }

    private void write(Kiln kiln, Blob blob) {
        byte[] text;
        try {
            text = kiln.cache().blobs().read(blob);
        } catch (IOException e) {
            throw new KilnException("the sources are not in the cache any more; compile with --no-cache", e);
        }
        try {
            Files.createDirectories(sources);
            Files.write(sources.resolve("kernels.c"), text);
        } catch (IOException e) {
            throw new KilnException.BadInput("cannot write to --explain-sources " + sources + ": " + e, e);
        }
    }
}
