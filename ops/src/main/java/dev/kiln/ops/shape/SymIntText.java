package dev.kiln.ops.shape;

import java.util.Map;
import java.util.SortedMap;
import java.util.function.BinaryOperator;

/** The text form of {@link SymInt}: {@code 2*s0*s1 + 3*s0 - 1}, {@code floordiv(s0, 2)}, {@code max(s0, s1)}. */
final class SymIntText {
    private static final String LEAST = Long.toString(Long.MIN_VALUE).substring(1);

    private final String text;
    private int at;

    private SymIntText(String text) {
        this.text = text;
    }

    static String print(SortedMap<Monomial, Long> terms) {
        if (terms.isEmpty()) {
            return "0";
        }
        StringBuilder out = new StringBuilder();
        for (Map.Entry<Monomial, Long> term : terms.entrySet()) {
            long coefficient = term.getValue();
            boolean first = out.isEmpty();
            if (!first) {
                out.append(coefficient < 0 ? " - " : " + ");
            } else if (coefficient < 0) {
                out.append('-');
            }
            String monomial = term.getKey().toString();
            String size = Long.toString(coefficient).replace("-", "");
            out.append(monomial.isEmpty() ? size : size.equals("1") ? monomial : size + "*" + monomial);
        }
        return out.toString();
    }

    static SymInt parse(String text) {
        SymIntText parser = new SymIntText(text);
        SymInt value = parser.sum();
        parser.skipSpace();
        if (parser.at != text.length()) {
            throw parser.error("unexpected '" + text.charAt(parser.at) + "'");
        }
        return value;
    }

    private SymInt sum() {
        SymInt value = product();
        while (true) {
            if (eat('+')) {
                value = value.plus(product());
            } else if (eat('-')) {
                value = value.minus(product());
            } else {
                return value;
            }
        }
    }

    private SymInt product() {
        SymInt value = unary();
        while (eat('*')) {
            value = value.times(unary());
        }
        return value;
    }

    private SymInt unary() {
        if (eat('-')) {
            SymInt value = unary();
            return value.is(Long.MIN_VALUE) ? value : value.negate();
        }
        if (eat('(')) {
            SymInt value = sum();
            expect(')');
            return value;
        }
        skipSpace();
        int start = at;
        while (at < text.length() && (Character.isLetterOrDigit(text.charAt(at)) || text.charAt(at) == '_')) {
            at++;
        }
        String word = text.substring(start, at);
        if (word.isEmpty()) {
            throw error("a number or symbol expected");
        }
        return Character.isDigit(word.charAt(0)) ? number(word) : named(word);
    }

    /** The least long has no positive counterpart: its digits stand for it, and negating it gives itself. */
    private SymInt number(String digits) {
        try {
            return SymInt.of(digits.equals(LEAST) ? Long.MIN_VALUE : Long.parseLong(digits));
        } catch (NumberFormatException e) {
            throw error("'" + digits + "' is no 64-bit integer");
        }
    }

    private SymInt named(String word) {
        return switch (word) {
            case "floordiv" -> binary(SymInt::floorDiv);
            case "mod" -> binary(SymInt::mod);
            case "max" -> binary(SymInt::max);
            case "min" -> binary(SymInt::min);
            default -> SymInt.symbol(word);
        };
    }

    private SymInt binary(BinaryOperator<SymInt> operator) {
        expect('(');
        SymInt left = sum();
        expect(',');
        SymInt right = sum();
        expect(')');
        return operator.apply(left, right);
    }

    private boolean eat(char c) {
        skipSpace();
        if (at < text.length() && text.charAt(at) == c) {
            at++;
            return true;
        }
        return false;
    }

    private void expect(char c) {
        if (!eat(c)) {
            throw error("'" + c + "' expected");
        }
    }

    private void skipSpace() {
        while (at < text.length() && text.charAt(at) == ' ') {
            at++;
        }
    }

    private IllegalArgumentException error(String what) {
        return new IllegalArgumentException("size expression '" + text + "', column " + (at + 1) + ": " + what);
    }
}
