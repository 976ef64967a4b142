package dev.kiln.demo;

import dev.kiln.CompiledModel;
import dev.kiln.Kiln;
import dev.kiln.KilnConfig;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.CompileRequest;
import dev.kiln.stages.trace.TraceOptions;
import java.nio.file.Path;
import java.util.List;

/** The demo without its terminal: model file, compile or cache hit, embeddings, similarities. */
final class Demo {
    static final List<String> SENTENCES = List.of(
            "A cat sleeps on the warm windowsill.",
            "The kitten is napping in the sun.",
            "Compilers turn programs into machine code.",
            "This tool generates native kernels.",
            "We fried potatoes with garlic for dinner.",
            "Supper was roasted vegetables and bread.");

    private Demo() {
    }

    /** @param options how to compile and run */
    static DemoReport run(KilnConfig config, CompileOptions options, List<String> sentences) {
        Path folder = config.cache().directory().resolve("demo");
        Path file = MiniLmModel.file(folder.resolve("models"));
        long start = System.nanoTime();
        try (Kiln kiln = Kiln.open(config)) {
            CompiledModel model = kiln.compileBlocking(new CompileRequest(file, TraceOptions.NONE, options));
            double readyMillis = (System.nanoTime() - start) / 1e6;
            try (var embedder = new SentenceEmbedder(model, folder.resolve("natives"))) {
                SentenceEmbedder.Embedded embedded = embedder.embed(sentences);
                double[][] similarities = Embeddings.similarities(embedded.vectors());
                return new DemoReport(sentences, similarities, model.info(), readyMillis, embedded);
            }
        }
    }
}
