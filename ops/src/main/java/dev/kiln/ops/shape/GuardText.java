package dev.kiln.ops.shape;

import java.util.ArrayList;
import java.util.List;

/** The text form of {@link Guard}: {@code s0 <= 512}, {@code divisible(4*s0, 16)}, {@code or(s0 == 1, not(s1 < s0))}. */
final class GuardText {
    private static final Guard.Relation[] LONGEST_FIRST = {Guard.Relation.EQ, Guard.Relation.NE, Guard.Relation.LE,
        Guard.Relation.LT};

    private GuardText() {
    }

    static Guard parse(String text) {
        String trimmed = text.strip();
        if (isCall(trimmed, "and(")) {
            return new Guard.All(guards(trimmed, 4));
        }
        if (isCall(trimmed, "or(")) {
            return new Guard.Any(guards(trimmed, 3));
        }
        if (isCall(trimmed, "not(")) {
            return new Guard.Not(parse(trimmed.substring(4, trimmed.length() - 1)));
        }
        return isCall(trimmed, "divisible(") ? divisible(trimmed) : compare(trimmed);
    }

    private static Guard divisible(String text) {
        List<String> parts = split(text.substring(10, text.length() - 1));
        if (parts.size() != 2) {
            throw error(text);
        }
        return new Guard.Divisible(SymInt.parse(parts.getFirst()), Long.parseLong(parts.getLast().strip()));
    }

    private static Guard compare(String text) {
        for (Guard.Relation relation : LONGEST_FIRST) {
            int at = text.indexOf(" " + relation.text() + " ");
            if (at >= 0) {
                String right = text.substring(at + relation.text().length() + 2);
                return new Guard.Compare(relation, SymInt.parse(text.substring(0, at)), SymInt.parse(right));
            }
        }
        throw error(text);
    }

    private static List<Guard> guards(String text, int from) {
        List<Guard> guards = new ArrayList<>();
        for (String part : split(text.substring(from, text.length() - 1))) {
            guards.add(parse(part));
        }
        return guards;
    }

    /** Whether the whole text is one call: its first parenthesis closes at the end. */
    private static boolean isCall(String text, String name) {
        if (!text.startsWith(name)) {
            return false;
        }
        int depth = 0;
        for (int i = name.length() - 1; i < text.length(); i++) {
            depth += text.charAt(i) == '(' ? 1 : text.charAt(i) == ')' ? -1 : 0;
            if (depth == 0) {
                return i == text.length() - 1;
            }
        }
        throw error(text);
    }

    /** Splits at commas outside parentheses. */
    private static List<String> split(String text) {
        List<String> parts = new ArrayList<>();
        int depth = 0;
        int start = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            depth += c == '(' ? 1 : c == ')' ? -1 : 0;
            if (c == ',' && depth == 0) {
                parts.add(text.substring(start, i));
                start = i + 1;
            }
        }
        if (!text.isBlank()) {
            parts.add(text.substring(start));
        }
        return parts;
    }

    private static IllegalArgumentException error(String text) {
        return new IllegalArgumentException("not a guard: " + text);
    }
}
