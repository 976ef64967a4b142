package dev.kiln.stages.trace.pt2;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Words, numbers, quoted names and operators of a size expression, read one after the other. */
final class SizeTokens {
    private static final int MAX_LENGTH = 1 << 14;
    private static final Pattern TOKEN = Pattern.compile("\\s*(?:([A-Za-z_][A-Za-z_0-9.]*)"
        + "|(\\d+(?:\\.\\d*)?(?:[eE][+-]?\\d+)?)|'([^']*)'|(//|\\*\\*|==|!=|<=|>=|[-+*/%(),=<>&|~]))");

    private final List<String> tokens = new ArrayList<>();
    private int at;

    SizeTokens(String text) {
        if (text.length() > MAX_LENGTH) {
            throw new IllegalArgumentException("it is too long");
        }
        Matcher matcher = TOKEN.matcher(text);
        int end = 0;
        while (end < text.length() && matcher.region(end, text.length()).lookingAt()) {
            tokens.add(matcher.group(3) != null ? "'" + matcher.group(3) : matcher.group().strip());
            end = matcher.end();
        }
        if (!text.substring(end).isBlank()) {
            throw new IllegalArgumentException("column " + (end + 1) + ": unexpected '" + text.charAt(end) + "'");
        }
    }

    boolean atEnd() {
        return at == tokens.size();
    }

    boolean at(String token) {
        return !atEnd() && tokens.get(at).equals(token);
    }

    boolean eat(String token) {
        boolean found = at(token);
        at += found ? 1 : 0;
        return found;
    }

    void expect(String token) {
        if (!eat(token)) {
            throw new IllegalArgumentException("'" + token + "' expected, found " + (atEnd() ? "the end"
                : "'" + tokens.get(at) + "'"));
        }
    }

    String next() {
        if (atEnd()) {
            throw new IllegalArgumentException("it ends too early");
        }
        return tokens.get(at++);
    }

    /** Whether a keyword argument follows: a word and one equals sign. */
    boolean atKeyword() {
        return at + 1 < tokens.size() && tokens.get(at + 1).equals("=");
    }
}
