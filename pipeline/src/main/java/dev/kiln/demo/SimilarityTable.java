package dev.kiln.demo;

import java.util.List;
import java.util.Locale;

/** Similarities as text: sentences numbered, each row's nearest other sentence marked. */
final class SimilarityTable {
    private static final String MARK = "*";

    private SimilarityTable() {
    }

    /** @param similarities [n][n], as {@link Embeddings#similarities} gives them */
    static String render(List<String> sentences, double[][] similarities) {
        int width = sentences.stream().mapToInt(String::length).max().orElse(0);
        var text = new StringBuilder(" ".repeat(width + 4));
        for (int column = 1; column <= sentences.size(); column++) {
            text.append(String.format("%6d ", column));
        }
        text.append('\n');
        for (int row = 0; row < sentences.size(); row++) {
            text.append(String.format("%2d  %-" + Math.max(1, width) + "s", row + 1, sentences.get(row)));
            int nearest = nearest(similarities[row], row);
            for (int column = 0; column < sentences.size(); column++) {
                text.append(String.format(Locale.ROOT, "%6.2f", similarities[row][column]))
                        .append(column == nearest ? MARK : " ");
            }
            text.append('\n');
        }
        return text.append(MARK + " nearest other sentence of the row\n").toString().replaceAll(" +\n", "\n");
    }

    /** Index of the row's largest value outside the diagonal; -1 when there is none. */
    static int nearest(double[] row, int self) {
        int best = -1;
        for (int i = 0; i < row.length; i++) {
            if (i != self && (best < 0 || row[i] > row[best])) {
                best = i;
            }
        }
        return best;
    }
}
