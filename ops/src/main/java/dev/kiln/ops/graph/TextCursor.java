package dev.kiln.ops.graph;

import java.util.ArrayList;
import java.util.List;

/** A place in one line of IR text; white space before a token is passed over. */
final class TextCursor {
    private final String text;
    private final int line;
    private int at;

    TextCursor(String text, int line) {
        this.text = text;
        this.line = line;
    }

    boolean at(String token) {
        skipSpace();
        return text.startsWith(token, at);
    }

    boolean eat(String token) {
        boolean found = at(token);
        if (found) {
            at += token.length();
        }
        return found;
    }

    void expect(String token) {
        if (!eat(token)) {
            throw error("'" + token + "' expected");
        }
    }

    /** Letters, digits, underscores, with a leading minus. */
    String word() {
        skipSpace();
        int start = at;
        while (at < text.length() && (Character.isLetterOrDigit(text.charAt(at)) || "_-".indexOf(text.charAt(at)) >= 0)) {
            at++;
        }
        if (start == at) {
            throw error("a word expected");
        }
        return text.substring(start, at);
    }

    /** Everything up to one of the stop characters, which stay. */
    String until(String stops) {
        skipSpace();
        int start = at;
        while (at < text.length() && stops.indexOf(text.charAt(at)) < 0) {
            at++;
        }
        return text.substring(start, at).strip();
    }

    /** Up to a comma or a closing parenthesis outside parentheses. */
    String argument() {
        skipSpace();
        int start = at;
        at = endOfArgument(")");
        return text.substring(start, at).strip();
    }

    /** The items of a list whose opening bracket has been read; reads the closing one. */
    List<String> list() {
        List<String> items = new ArrayList<>();
        while (!eat("]")) {
            int end = endOfArgument("]");
            items.add(text.substring(at, end).strip());
            at = end;
            eat(",");
        }
        return items;
    }

    private int endOfArgument(String close) {
        int depth = 0;
        for (int i = at; i < text.length(); i++) {
            char c = text.charAt(i);
            if (depth == 0 && (c == ',' || close.indexOf(c) >= 0)) {
                return i;
            }
            depth += c == '(' ? 1 : c == ')' ? -1 : 0;
        }
        throw error("'" + close + "' expected");
    }

    String quoted() {
        expect("\"");
        StringBuilder out = new StringBuilder();
        while (at < text.length() && text.charAt(at) != '"') {
            char c = text.charAt(at++);
            if (c == '\\' && at < text.length()) {
                char escaped = text.charAt(at++);
                out.append(escaped == 'n' ? '\n' : escaped);
            } else {
                out.append(c);
            }
        }
        at++;
        return out.toString();
    }

    private void skipSpace() {
        while (at < text.length() && text.charAt(at) == ' ') {
            at++;
        }
    }

    IllegalArgumentException error(String what) {
        return new IllegalArgumentException("IR line " + line + ", column " + (at + 1) + ": " + what + " in: " + text);
    }
}
