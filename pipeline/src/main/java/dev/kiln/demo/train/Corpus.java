package dev.kiln.demo.train;

import dev.kiln.ops.KilnException;
import dev.kiln.tensor.Tensor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * Letters of text files, and passages drawn from them. Every tenth file is held out: the model never learns from it.
 *
 * @param learned letters to learn from, as numbers below {@link #LETTERS}
 * @param heldOut letters to test with
 */
record Corpus(byte[] learned, byte[] heldOut) {
    /** ASCII; all other letters are one. */
    static final int LETTERS = 128;
    private static final int HELD_OUT = 10;
    private static final byte OTHER = 127;

    /** Passages and for each letter of them the one that follows: i64 [count, length] both. */
    record Batch(Tensor input, Tensor target) {
    }

    /**
     * All files below a folder whose names end in a suffix, in the order of their paths.
     *
     * @throws KilnException.BadInput if they hold less text than a passage
     */
    static Corpus of(Path folder, String suffix, int passage) {
        List<Path> files;
        try (Stream<Path> found = Files.walk(folder)) {
            files = found.filter(f -> f.toString().endsWith(suffix) && Files.isRegularFile(f) && isSource(folder, f))
                .sorted().toList();
            Corpus corpus = new Corpus(letters(files, false), letters(files, true));
            if (Math.min(corpus.learned.length, corpus.heldOut.length) < 2 * passage) {
                throw new KilnException.BadInput(folder + " has too little text in files *" + suffix + " to learn from ("
                    + corpus.learned.length + " and " + corpus.heldOut.length + " letters): give another folder with --text");
            }
            return corpus;
        } catch (IOException e) {
            throw new KilnException.BadInput("cannot read the text in " + folder + ": " + e.getMessage(), e);
        }
    }

    /** Not what a build has made, nor hidden. */
    private static boolean isSource(Path folder, Path file) {
        for (Path part : folder.relativize(file)) {
            if (part.toString().equals("target") || part.toString().startsWith(".")) {
                return false;
            }
        }
        return true;
    }

    private static byte[] letters(List<Path> files, boolean heldOut) throws IOException {
        List<byte[]> texts = new ArrayList<>();
        int count = 0;
        for (int i = 0; i < files.size(); i++) {
            if (i % HELD_OUT == HELD_OUT - 1 == heldOut) {
                byte[] text = Files.readString(files.get(i), StandardCharsets.UTF_8).getBytes(StandardCharsets.US_ASCII);
                texts.add(text);
                count += text.length;
            }
        }
        byte[] all = new byte[count];
        int at = 0;
        for (byte[] text : texts) {
            for (byte letter : text) {
                all[at++] = letter >= 0 ? letter : OTHER;
            }
        }
        return all;
    }

    Batch draw(SplittableRandom random, int count, int length) {
        return batch(learned, random, count, length);
    }

    Batch drawHeldOut(SplittableRandom random, int count, int length) {
        return batch(heldOut, random, count, length);
    }

    private static Batch batch(byte[] text, SplittableRandom random, int count, int length) {
        long[] input = new long[count * length];
        long[] target = new long[count * length];
        for (int i = 0; i < count; i++) {
            int start = random.nextInt(text.length - length);
            for (int j = 0; j < length; j++) {
                input[i * length + j] = text[start + j];
                target[i * length + j] = text[start + j + 1];
            }
        }
        return new Batch(Tensor.of(input, count, length), Tensor.of(target, count, length));
    }
}
