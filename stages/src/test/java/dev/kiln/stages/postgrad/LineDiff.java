package dev.kiln.stages.postgrad;

import java.util.List;

/** The difference of two texts by lines, in the manner of {@code diff -u}. */
final class LineDiff {
    private final List<String> left;
    private final List<String> right;
    private final int[][] common;

    private LineDiff(List<String> left, List<String> right) {
        this.left = left;
        this.right = right;
        this.common = new int[left.size() + 1][right.size() + 1];
        for (int i = left.size() - 1; i >= 0; i--) {
            for (int j = right.size() - 1; j >= 0; j--) {
                common[i][j] = left.get(i).equals(right.get(j)) ? common[i + 1][j + 1] + 1
                    : Math.max(common[i + 1][j], common[i][j + 1]);
            }
        }
    }

    /**
     * Lines of both with a blank before them, of {@code expected} alone with -, of {@code actual} alone
     * with +.
     */
    static String of(String expected, String actual) {
        return new LineDiff(expected.lines().toList(), actual.lines().toList()).print();
    }

    private String print() {
        StringBuilder out = new StringBuilder();
        int i = 0;
        int j = 0;
        while (i < left.size() || j < right.size()) {
            if (i < left.size() && j < right.size() && left.get(i).equals(right.get(j))) {
                out.append(' ').append(left.get(i++)).append('\n');
                j++;
            } else if (j == right.size() || i < left.size() && common[i + 1][j] >= common[i][j + 1]) {
                out.append('-').append(left.get(i++)).append('\n');
            } else {
                out.append('+').append(right.get(j++)).append('\n');
            }
        }
        return out.toString();
    }
}
