package dev.kiln.stages.trace.pt2;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.shape.Guard;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.BinaryOperator;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Parses the sizes of an exported program into exact integers. They are written in one of two languages: as Python
 * arithmetic ({@code 2*s0 + 1}, {@code s0//2}) or as calls of SymPy's constructors
 * ({@code Mul(Integer(2), Symbol('s77', integer=True))}); both are read by one grammar.
 */
final class SizeParser {
    private static final int MAX_DEPTH = 200;

    private final String text;
    private final Function<String, SymInt> symbols;
    private final Predicate<Guard> decide;
    private SizeTokens in;
    private int depth;

    /**
     * @param symbols what a symbol stands for
     * @param decide answers the conditions of piecewise sizes
     */
    SizeParser(String text, Function<String, SymInt> symbols, Predicate<Guard> decide) {
        this.text = text;
        this.symbols = symbols;
        this.decide = decide;
    }

    /** @throws KilnException.BadInput if the text is no size */
    SymInt parse() {
        try {
            in = new SizeTokens(text);
            SymInt size = comparison().number().whole();
            if (!in.atEnd()) {
                throw new IllegalArgumentException("unexpected '" + in.next() + "'");
            }
            return size;
        } catch (KilnException.Unsupported e) {
            throw new KilnException.Unsupported("size '" + text + "': " + e.getMessage());
        } catch (IllegalArgumentException | ArithmeticException | IndexOutOfBoundsException
                | NoSuchElementException e) {
            throw new KilnException.BadInput("size '" + text + "': " + e.getMessage(), e);
        }
    }

    /** A number or a condition. */
    private sealed interface Term {
        record Number(Fraction value) implements Term {
        }

        record Truth(boolean value) implements Term {
        }

        record Name(String value) implements Term {
        }

        default Fraction number() {
            if (this instanceof Number(Fraction value)) {
                return value;
            }
            throw new IllegalArgumentException("a number expected");
        }

        default boolean truth() {
            if (this instanceof Truth(boolean value)) {
                return value;
            }
            throw new IllegalArgumentException("a condition expected");
        }
    }

    private Term comparison() {
        if (++depth > MAX_DEPTH) {
            throw new IllegalArgumentException("it is nested too deeply");
        }
        Term left = sum();
        for (String operator : List.of("==", "!=", "<=", ">=", "<", ">")) {
            if (in.eat(operator)) {
                left = compare(operator, left.number(), sum().number());
                break;
            }
        }
        depth--;
        return left;
    }

    private Term sum() {
        Term value = product();
        while (in.at("+") || in.at("-")) {
            value = in.next().equals("+") ? new Term.Number(value.number().plus(product().number()))
                : new Term.Number(value.number().minus(product().number()));
        }
        return value;
    }

    private Term product() {
        Term value = unary();
        while (in.at("*") || in.at("/") || in.at("//") || in.at("%")) {
            String operator = in.next();
            Fraction left = value.number();
            Fraction right = unary().number();
            value = new Term.Number(switch (operator) {
                case "*" -> left.times(right);
                case "/" -> left.dividedBy(right);
                case "//" -> Fraction.of(left.dividedBy(right).floor());
                default -> Fraction.of(left.whole().mod(right.whole()));
            });
        }
        return value;
    }

    private Term unary() {
        if (in.eat("-")) {
            return new Term.Number(Fraction.of(SymInt.ZERO).minus(deeper().number()));
        }
        Term value = atom();
        return in.eat("**") ? new Term.Number(value.number().power(deeper().number())) : value;
    }

    private Term deeper() {
        if (++depth > MAX_DEPTH) {
            throw new IllegalArgumentException("it is nested too deeply");
        }
        Term value = unary();
        depth--;
        return value;
    }

    private Term atom() {
        if (in.eat("(")) {
            Term value = comparison();
            in.expect(")");
            return value;
        }
        String token = in.next();
        if (Character.isDigit(token.charAt(0))) {
            return new Term.Number(Fraction.parse(token));
        }
        if (token.charAt(0) == '\'') {
            return new Term.Name(token.substring(1));
        }
        if (!Character.isJavaIdentifierStart(token.charAt(0))) {
            throw new IllegalArgumentException("unexpected '" + token + "'");
        }
        return in.eat("(") ? call(token, arguments()) : new Term.Number(Fraction.of(symbols.apply(token)));
    }

    /** Positional arguments; keyword arguments (assumptions about a symbol) are passed over. */
    private List<Term> arguments() {
        List<Term> arguments = new ArrayList<>();
        while (!in.eat(")")) {
            if (in.atKeyword()) {
                in.next();
                in.expect("=");
                in.next();
            } else {
                arguments.add(comparison());
            }
            if (!in.at(")")) {
                in.expect(",");
            }
        }
        return arguments;
    }

    private Term call(String head, List<Term> args) {
        if (head.equals("Symbol") && args.getFirst() instanceof Term.Name(String name)) {
            return new Term.Number(Fraction.of(symbols.apply(name)));
        }
        if (head.equals("Float") && args.getFirst() instanceof Term.Name(String digits)) {
            return new Term.Number(Fraction.parse(digits));
        }
        return switch (head) {
            case "Eq", "Equality", "Ne", "Unequality", "Lt", "StrictLessThan", "Le", "LessThan", "Gt",
                "StrictGreaterThan", "Ge", "GreaterThan" -> compare(head, args.get(0).number(), args.get(1).number());
            case "And" -> new Term.Truth(args.stream().allMatch(Term::truth));
            case "Or" -> new Term.Truth(args.stream().anyMatch(Term::truth));
            case "Not" -> new Term.Truth(!args.getFirst().truth());
            case "Where" -> args.get(0).truth() ? args.get(1) : args.get(2);
            default -> new Term.Number(numeric(head, args.stream().map(Term::number).toList()));
        };
    }

    private static Fraction numeric(String head, List<Fraction> args) {
        return switch (head) {
            case "Integer", "Float" -> args.getFirst();
            case "Rational", "IntTrueDiv", "FloatTrueDiv" -> args.get(0).dividedBy(args.get(1));
            case "Add" -> args.stream().reduce(Fraction::plus).orElseThrow();
            case "Mul" -> args.stream().reduce(Fraction::times).orElseThrow();
            case "Pow", "PowByNatural" -> args.get(0).power(args.get(1));
            case "FloorDiv", "CleanDiv" -> Fraction.of(args.get(0).dividedBy(args.get(1)).floor());
            case "CeilDiv" -> Fraction.of(args.get(0).dividedBy(args.get(1)).ceiling());
            case "floor", "FloorToInt" -> Fraction.of(args.getFirst().floor());
            case "ceiling", "CeilToInt" -> Fraction.of(args.getFirst().ceiling());
            case "TruncToInt", "trunc" -> args.getFirst().truncated();
            case "Mod", "PythonMod" -> Fraction.of(args.get(0).whole().mod(args.get(1).whole()));
            case "ModularIndexing" -> Fraction.of(args.get(0).dividedBy(args.get(1)).floor()
                .mod(args.get(2).whole()));
            case "Max" -> whole(args, SymInt::max);
            case "Min" -> whole(args, SymInt::min);
            case "Identity", "ToFloat" -> args.getFirst();
            default -> throw new KilnException.Unsupported("the function '" + head + "' is not supported");
        };
    }

    private static Fraction whole(List<Fraction> args, BinaryOperator<SymInt> operator) {
        return Fraction.of(args.stream().map(Fraction::whole).reduce(operator).orElseThrow());
    }

    private Term compare(String operator, Fraction left, Fraction right) {
        return new Term.Truth(decide.test(Comparisons.of(operator, left.whole(), right.whole())));
    }
}
