package dev.kiln.ops.graph;

import dev.kiln.ops.shape.Guard;
import dev.kiln.ops.shape.ShapeEnv;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The stable text form of a {@link Graph}, one node a line:
 * <pre>
 * symbol s0 in [1, inf] hint 8
 * guard s0 != 1
 * %x = placeholder "input" : f32[s0, 384]
 * %w = constant : f32[2] = [1.0, 2.0]
 * %add = aten.add.Tensor(%x, %w, 1) : f32[s0, 384]  # "node_12"
 * return "out": %add
 * </pre>
 * Constants of more than {@value #INLINE} elements print their shape only.
 */
public final class GraphText {
    static final int INLINE = 16;

    private GraphText() {
    }

    public static Graph parse(String text) {
        return new GraphParser(text).parse();
    }

    static String print(Graph graph) {
        StringBuilder out = new StringBuilder();
        for (ShapeEnv.Symbol s : graph.shapes().symbols()) {
            out.append("symbol ").append(s.name()).append(" in [").append(s.min()).append(", ")
                .append(s.max() == Long.MAX_VALUE ? "inf" : s.max()).append("] hint ").append(s.hint()).append('\n');
        }
        for (Guard guard : graph.shapes().guards()) {
            out.append("guard ").append(guard).append('\n');
        }
        graph.nodes().forEach(n -> out.append(print(n)).append('\n'));
        out.append("return ").append(graph.outputs().stream()
            .map(o -> new Arg.Str(o.name()) + ": " + o.value()).collect(Collectors.joining(", "))).append('\n');
        return out.toString();
    }

    /** One node's line, without the line break. */
    public static String print(Node node) {
        return "%" + node.name() + " = " + switch (node) {
            case Node.Placeholder p -> "placeholder " + new Arg.Str(p.source()) + " : " + p.tensor();
            case Node.Constant c -> "constant : " + c.tensor() + inline(c.value());
            case Node.Call c -> c.op() + "(" + join(c.args()) + ") : " + join(c.outputs()) + sources(c.sources());
        };
    }

    private static String inline(ConstantValue value) {
        if (value.numel() > INLINE) {
            return "";
        }
        StringBuilder out = new StringBuilder(" = [");
        for (long i = 0; i < value.numel(); i++) {
            out.append(i == 0 ? "" : ", ").append(value.dtype().isFloating()
                ? new Arg.Real(value.doubleAt(i)).toString() : Long.toString(value.longAt(i)));
        }
        return out.append(']').toString();
    }

    private static String join(List<?> values) {
        return values.stream().map(Object::toString).collect(Collectors.joining(", "));
    }

    private static String sources(List<String> sources) {
        return sources.isEmpty() ? "" : sources.stream().map(s -> new Arg.Str(s).toString())
            .collect(Collectors.joining(", ", "  # ", ""));
    }
}
