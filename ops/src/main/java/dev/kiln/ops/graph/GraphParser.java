package dev.kiln.ops.graph;

import dev.kiln.ops.DType;
import dev.kiln.ops.Device;
import dev.kiln.ops.schema.OpTable;
import dev.kiln.ops.shape.Guard;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Parses the text form of {@link GraphText}. A constant without values gets zeros. */
final class GraphParser {
    private final List<ShapeEnv.Symbol> symbols = new ArrayList<>();
    private final List<Condition> conditions = new ArrayList<>();
    private final List<Node> nodes = new ArrayList<>();
    private final List<Graph.Output> outputs = new ArrayList<>();
    private final String[] lines;
    private TextCursor in;

    /** A guard or an assertion, and the op that asked for it. */
    private record Condition(Guard guard, String asker) {
    }

    GraphParser(String text) {
        lines = text.split("\n");
    }

    Graph parse() {
        for (int i = 0; i < lines.length; i++) {
            String line = lines[i].strip();
            if (line.isEmpty() || line.startsWith("//")) {
                continue;
            }
            in = new TextCursor(line, i + 1);
            line(line);
        }
        ShapeEnv shapes = new ShapeEnv(symbols, List.of());
        conditions.forEach(c -> shapes.record(c.guard, c.asker));
        return new Graph(nodes, outputs, shapes);
    }

    private void line(String line) {
        if (in.eat("symbol ")) {
            symbols.add(symbol());
        } else if (in.eat("guard ")) {
            conditions.add(condition(line.substring("guard ".length())));
        } else if (in.eat("assert ")) {
            conditions.add(condition(line.substring("assert ".length())));
        } else if (in.eat("return ")) {
            do {
                String name = in.quoted();
                in.expect(":");
                outputs.add(new Graph.Output(name, reference()));
            } while (in.eat(","));
        } else {
            nodes.add(node());
        }
    }

    private static Condition condition(String text) {
        int comment = text.indexOf('#');
        return comment < 0 ? new Condition(Guard.parse(text), "") : new Condition(Guard.parse(text.substring(0, comment)),
            text.substring(comment + 1).strip().replace("\"", ""));
    }

    private ShapeEnv.Symbol symbol() {
        String name = in.word();
        in.expect("in");
        in.expect("[");
        long min = bound(in.until(","));
        in.expect(",");
        long max = bound(in.until("]"));
        in.expect("]");
        in.expect("hint");
        long hint = Long.parseLong(in.until(" "));
        boolean backed = !in.eat("unbacked");
        Optional<SymInt> limit = in.eat("limit ") ? Optional.of(SymInt.parse(in.until("#"))) : Optional.empty();
        return new ShapeEnv.Symbol(name, min, max, hint, backed, limit);
    }

    private static long bound(String text) {
        return switch (text.strip()) {
            case "inf" -> Long.MAX_VALUE;
            case "-inf" -> Long.MIN_VALUE;
            default -> Long.parseLong(text.strip());
        };
    }

    private Node node() {
        in.expect("%");
        String name = in.word();
        in.expect("=");
        if (in.eat("placeholder ")) {
            String source = in.quoted();
            in.expect(":");
            return new Node.Placeholder(name, source, tensor());
        }
        if (in.eat("constant")) {
            in.expect(":");
            return constant(name, tensor());
        }
        return call(name);
    }

    private Node constant(String name, FakeTensor tensor) {
        List<Long> sizes = tensor.sizes().stream().map(SymInt::asLong).toList();
        ConstantValue value = ConstantValue.allocate(tensor.dtype(), sizes);
        if (in.eat("=")) {
            in.expect("[");
            for (long i = 0; i < value.numel(); i++) {
                if (i > 0) {
                    in.expect(",");
                }
                String number = in.until(",]");
                if (tensor.dtype().isFloating()) {
                    value.set(i, number(number));
                } else {
                    value.set(i, Long.parseLong(number));
                }
            }
            in.expect("]");
        }
        return new Node.Constant(name, tensor, value);
    }

    private Node call(String name) {
        String op = in.until("(");
        in.expect("(");
        List<Arg> args = new ArrayList<>();
        if (!in.eat(")")) {
            do {
                args.add(arg());
            } while (in.eat(","));
            in.expect(")");
        }
        in.expect(":");
        List<FakeTensor> tensors = new ArrayList<>();
        do {
            tensors.add(tensor());
        } while (in.eat(","));
        return new Node.Call(name, OpTable.get(op), args, tensors, in.eat("#") ? meta() : NodeMeta.NONE);
    }

    private NodeMeta meta() {
        List<String> sources = new ArrayList<>();
        if (in.at("\"")) {
            do {
                sources.add(in.quoted());
            } while (in.eat(","));
        }
        return NodeMeta.of(sources).withLowPrecisionBarrier(in.eat(GraphText.BARRIER));
    }

    private Arg arg() {
        if (in.at("%")) {
            return reference();
        }
        if (in.at("\"")) {
            return new Arg.Str(in.quoted());
        }
        if (in.eat("r[")) {
            return new Arg.Reals(in.list().stream().map(GraphParser::number).toList());
        }
        if (in.eat("[")) {
            return list(in.list());
        }
        String word = in.argument();
        return switch (word) {
            case "none" -> Arg.NONE;
            case "true" -> new Arg.Bool(true);
            case "false" -> new Arg.Bool(false);
            default -> DType.parse(word).<Arg>map(Arg.Type::new).orElseGet(() -> numeric(word));
        };
    }

    private static Arg numeric(String word) {
        boolean real = word.matches("-?inf|nan|-?\\d+(\\.\\d+([eE]-?\\d+)?|[eE]-?\\d+)");
        return real ? new Arg.Real(number(word)) : new Arg.Int(SymInt.parse(word));
    }

    private static Arg list(List<String> items) {
        if (items.stream().anyMatch(i -> i.startsWith("%"))) {
            return new Arg.Refs(items.stream().map(GraphParser::reference).toList());
        }
        if (!items.isEmpty() && (items.getFirst().equals("true") || items.getFirst().equals("false"))) {
            return new Arg.Bools(items.stream().map(Boolean::parseBoolean).toList());
        }
        return new Arg.Ints(items.stream().map(SymInt::parse).toList());
    }

    private Arg.Ref reference() {
        in.expect("%");
        String name = in.word();
        return new Arg.Ref(name, in.eat("#") ? Integer.parseInt(in.word()) : 0);
    }

    private static Arg.Ref reference(String text) {
        if (text.equals("none")) {
            return Arg.ABSENT;
        }
        String[] parts = text.substring(1).split("#");
        return new Arg.Ref(parts[0], parts.length > 1 ? Integer.parseInt(parts[1]) : 0);
    }

    private FakeTensor tensor() {
        String word = in.until("[");
        DType dtype = DType.parse(word).orElseThrow(() -> in.error("unknown dtype '" + word + "'"));
        in.expect("[");
        List<SymInt> sizes = in.list().stream().map(SymInt::parse).toList();
        List<SymInt> strides = FakeTensor.contiguousStrides(sizes);
        if (in.eat("strides=[")) {
            strides = in.list().stream().map(SymInt::parse).toList();
        }
        SymInt offset = in.eat("offset=") ? SymInt.parse(in.until(",#")) : SymInt.ZERO;
        return new FakeTensor(dtype, sizes, strides, offset, Device.CPU);
    }

    private static double number(String text) {
        return switch (text) {
            case "inf" -> Double.POSITIVE_INFINITY;
            case "-inf" -> Double.NEGATIVE_INFINITY;
            case "nan" -> Double.NaN;
            default -> Double.parseDouble(text);
        };
    }
}
