package dev.kiln.stages.oracle;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.oracle.OracleCase.Layout;
import dev.kiln.stages.oracle.OracleCase.Operand;
import dev.kiln.stages.oracle.SampleValues.Range;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Reads one sample's arguments. A tensor is a letter with sizes: {@code T[2,3]} of the sample's dtype, {@code
 * Tt} transposed and {@code Ts} sliced in memory, {@code P[3]} positive, {@code S[3]} rising, {@code U[3]} from 0 to 1, {@code F[3]} always
 * f32, {@code z[3]} complex (c128 for f64), {@code e[3]} f8e4m3fn, {@code b[2]} boolean, {@code i[4]<5} i64 below 5, {@code j[4]<5} i32, {@code c[4]<5} i8,
 * {@code i[4]<-5:5} from -5 on; {@code B[1,0]} is a list of truth values. Everything else is written as in the graph
 * text.
 */
final class SampleText {
    private final String text;
    private final DType dtype;
    private final Range range;
    private final Random random;
    private final Map<Arg.Ref, Operand> operands = new LinkedHashMap<>();
    private int at;

    SampleText(String text, DType dtype, Range range, Random random) {
        this.text = text.strip();
        this.dtype = dtype;
        this.range = range;
        this.random = random;
    }

    Map<Arg.Ref, Operand> operands() {
        return operands;
    }

    List<Arg> args() {
        List<Arg> args = new ArrayList<>();
        while (at < text.length()) {
            args.add(arg());
            eat(",");
        }
        return args;
    }

    private Arg arg() {
        if (eat("[")) {
            List<Arg> items = new ArrayList<>();
            while (!eat("]")) {
                items.add(arg());
                eat(",");
            }
            return list(items);
        }
        String word = word();
        if (word.equals("B") && eat("[")) {
            return bools();
        }
        if (text.startsWith("[", at)) {
            return tensor(word);
        }
        return switch (word) {
            case "none" -> Arg.NONE;
            case "true" -> new Arg.Bool(true);
            case "false" -> new Arg.Bool(false);
            case "inf" -> new Arg.Real(Double.POSITIVE_INFINITY);
            case "-inf" -> new Arg.Real(Double.NEGATIVE_INFINITY);
            case "nan" -> new Arg.Real(Double.NaN);
            default -> scalar(word);
        };
    }

    private Arg bools() {
        String list = text.substring(at, text.indexOf(']', at));
        at += list.length();
        eat("]");
        return new Arg.Bools(Arrays.stream(list.split(",")).map(s -> s.strip().equals("1")).toList());
    }

    private static Arg scalar(String word) {
        if (word.startsWith("\"")) {
            return new Arg.Str(word.substring(1, word.length() - 1));
        }
        return DType.parse(word).<Arg>map(Arg.Type::new).orElseGet(() -> word.matches("-?\\d+")
            ? Arg.of(Long.parseLong(word)) : new Arg.Real(Double.parseDouble(word)));
    }

    private static Arg list(List<Arg> items) {
        if (items.stream().anyMatch(Arg.Ref.class::isInstance)) {
            return new Arg.Refs(items.stream().map(i -> i instanceof Arg.Ref ref ? ref
                : Arg.ABSENT).toList());
        }
        if (!items.isEmpty() && items.getFirst() instanceof Arg.Bool) {
            return new Arg.Bools(items.stream().map(i -> ((Arg.Bool) i).value()).toList());
        }
        if (!items.isEmpty() && items.getFirst() instanceof Arg.Real) {
            return new Arg.Reals(items.stream().map(i -> ((Arg.Real) i).value()).toList());
        }
        List<SymInt> values = items.stream().map(i -> ((Arg.Int) i).value()).toList();
        return new Arg.Ints(values);
    }

    private Arg.Ref tensor(String kind) {
        eat("[");
        String list = text.substring(at, text.indexOf(']', at));
        at += list.length();
        eat("]");
        List<Long> sizes = list.isBlank() ? List.of()
            : Arrays.stream(list.split(",")).map(s -> Long.parseLong(s.strip())).toList();
        Layout layout = kind.endsWith("t") ? Layout.TRANSPOSED : kind.endsWith("s") ? Layout.SLICED
            : Layout.CONTIGUOUS;
        Arg.Ref ref = Arg.ref("t" + operands.size());
        operands.put(ref, new Operand(value(kind.charAt(0), sizes), layout));
        return ref;
    }

    private ConstantValue value(char kind, List<Long> sizes) {
        return switch (kind) {
            case 'T' -> SampleValues.tensor(random, dtype, sizes, range);
            case 'P' -> SampleValues.tensor(random, dtype, sizes, Range.POSITIVE);
            case 'U' -> SampleValues.tensor(random, dtype, sizes, Range.UNIT);
            case 'z' -> SampleValues.complex(random, dtype, sizes, range);
            case 'e' -> SampleValues.tensor(random, DType.F8E4M3FN, sizes, Range.FINITE);
            case 'S' -> SampleValues.sorted(random, dtype, sizes);
            case 'F' -> SampleValues.tensor(random, DType.F32, sizes, range);
            case 'b' -> SampleValues.tensor(random, DType.BOOL, sizes, range);
            case 'i' -> bounded(DType.I64, sizes);
            case 'j' -> bounded(DType.I32, sizes);
            case 'c' -> bounded(DType.I8, sizes);
            default -> throw new IllegalArgumentException("unknown tensor kind '" + kind + "' in: " + text);
        };
    }

    private ConstantValue bounded(DType type, List<Long> sizes) {
        eat("<");
        String[] bounds = word().split(":");
        long low = bounds.length == 2 ? Long.parseLong(bounds[0]) : 0;
        return SampleValues.indices(random, type, sizes, low, Long.parseLong(bounds[bounds.length - 1]));
    }

    private String word() {
        int start = at;
        if (text.startsWith("\"", at)) {
            at = text.indexOf('"', at + 1) + 1;
        }
        while (at < text.length() && ",[]< ".indexOf(text.charAt(at)) < 0) {
            at++;
        }
        return text.substring(start, at);
    }

    private boolean eat(String token) {
        while (at < text.length() && text.charAt(at) == ' ') {
            at++;
        }
        boolean found = text.startsWith(token, at);
        at += found ? token.length() : 0;
        while (at < text.length() && text.charAt(at) == ' ') {
            at++;
        }
        return found;
    }
}
