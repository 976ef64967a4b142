package dev.kiln.ops.graph;

import dev.kiln.ops.shape.Guard;
import dev.kiln.ops.shape.ShapeEnv;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The stable text form of a {@link Graph}, one node a line:
 * <pre>
 * symbol s0 in [1, inf] hint 8
 * symbol u0 in [0, inf] hint 3072 unbacked limit 384*s0
 * guard s0 <= 512  # "aten.slice.Tensor"
 * assert u0 != 1
 * %x = placeholder "input" : f32[s0, 384]
 * %w = constant : f32[2] = [1.0, 2.0]
 * %add = aten.add.Tensor(%x, %w, 1) : f32[s0, 384]  # "node_12"
 * return "out": %add
 * </pre>
 * An unbacked symbol comes from data; a guard names the op that asked for it; what is asserted is checked at run time.
 * Constants of more than {@value #INLINE} elements print their shape only; of a call's metadata, the sources and the
 * precision barrier ({@value #BARRIER}) are printed.
 */
public final class GraphText {
    static final int INLINE = 16;
    static final String BARRIER = "low_precision_barrier";

    private GraphText() {
    }

    public static Graph parse(String text) {
        return new GraphParser(text).parse();
    }

    static String print(Graph graph) {
        StringBuilder out = new StringBuilder();
        for (ShapeEnv.Symbol s : graph.shapes().symbols()) {
            out.append("symbol ").append(s.name()).append(" in [").append(s.min() == Long.MIN_VALUE ? "-inf" : s.min())
                .append(", ").append(s.max() == Long.MAX_VALUE ? "inf" : s.max()).append("] hint ").append(s.hint())
                .append(s.backed() ? "" : " unbacked").append(s.limit().map(l -> " limit " + l).orElse("")).append('\n');
        }
        conditions(out, "guard ", graph.shapes(), graph.shapes().guards());
        conditions(out, "assert ", graph.shapes(), graph.shapes().assertions());
        graph.nodes().forEach(n -> print(out, n).append('\n'));
        out.append("return ").append(graph.outputs().stream()
            .map(o -> new Arg.Str(o.name()) + ": " + o.value()).collect(Collectors.joining(", "))).append('\n');
        return out.toString();
    }

    private static void conditions(StringBuilder out, String word, ShapeEnv shapes, List<Guard> guards) {
        for (Guard guard : guards) {
            String asker = shapes.askedBy(guard);
            out.append(word).append(guard).append(asker.isEmpty() ? "" : sources(List.of(asker))).append('\n');
        }
    }

    /** One node's line, without the line break. */
    public static String print(Node node) {
        return print(new StringBuilder(), node).toString();
    }

    private static StringBuilder print(StringBuilder out, Node node) {
        out.append('%').append(node.name()).append(" = ");
        return switch (node) {
            case Node.Placeholder p -> out.append("placeholder ").append(new Arg.Str(p.source())).append(" : ")
                .append(p.tensor());
            case Node.Constant c -> out.append("constant : ").append(c.tensor()).append(inline(c.value()));
            case Node.Call c -> join(join(out.append(c.op()).append('('), c.args()).append(") : "), c.outputs())
                .append(meta(c.meta()));
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

    private static StringBuilder join(StringBuilder out, List<?> values) {
        for (int i = 0; i < values.size(); i++) {
            out.append(i == 0 ? "" : ", ").append(values.get(i));
        }
        return out;
    }

    private static String meta(NodeMeta meta) {
        String barrier = meta.lowPrecisionBarrier() ? (meta.sources().isEmpty() ? "  # " : " ") + BARRIER : "";
        return sources(meta.sources()) + barrier;
    }

    private static String sources(List<String> sources) {
        return sources.isEmpty() ? "" : sources.stream().map(s -> new Arg.Str(s).toString())
            .collect(Collectors.joining(", ", "  # ", ""));
    }
}
