package dev.kiln.cli;

import dev.kiln.CompileInfo;
import dev.kiln.Kiln;
import dev.kiln.cache.Blob;
import dev.kiln.cache.CompiledGraph;
import dev.kiln.ops.KilnException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
            conditions(out, "", info);
        }
        if (sources != null) {
            write(kiln, info.graph().code().sources());
        }
    }

    /** The variants that a run needed, and under which conditions they serve. */
    void showVariants(PrintWriter out, List<CompileInfo> variants) {
        if (explain) {
            variants.forEach(variant -> {
                out.println("variant: " + variant.key() + " for " + variant.graph().signature().inputs().stream()
                    .map(i -> "'" + i.name() + "' " + i.sizes()).toList());
                conditions(out, "variant ", variant);
            });
        }
    }

    private static void conditions(PrintWriter out, String prefix, CompileInfo info) {
        CompiledGraph.Signature signature = info.graph().signature();
        for (CompiledGraph.SymbolSpec symbol : signature.symbols()) {
            out.println(prefix + "symbol: " + symbol.name() + " in [" + symbol.min() + ", "
                + (symbol.max() == Long.MAX_VALUE ? "inf" : symbol.max()) + "], "
                + (symbol.inputIndex() < 0 ? "computed from data" : "dimension " + symbol.dim() + " of '"
                    + signature.inputs().get(symbol.inputIndex()).name() + "'"));
        }
        signature.guards().forEach(guard -> out.println(prefix + "guard: " + guard));
        signature.assertions().forEach(guard -> out.println(prefix + "assertion: " + guard));
    }

    private void write(Kiln kiln, Blob blob) {
        byte[] text;
        try {
            kiln.cache().obtain(blob);
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
