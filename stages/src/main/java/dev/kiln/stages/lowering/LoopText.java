package dev.kiln.stages.lowering;

/** The stable text form of loop IR. */
final class LoopText {
    private LoopText() {
    }

    static String print(LoopProgram program) {
        StringBuilder out = new StringBuilder();
        program.inputs().forEach(b -> out.append("input ").append(describe(b)).append('\n'));
        program.constants().keySet().forEach(
            name -> out.append("constant ").append(describe(program.buffer(name))).append('\n'));
        program.nodes().forEach(n -> out.append(print(n)).append('\n'));
        program.outputs().forEach(b -> out.append("output ").append(describe(b)).append('\n'));
        return out.toString();
    }

    private static String describe(Buffer b) {
        return b.name() + " : " + b.dtype() + b.sizes();
    }

    static String print(LoopNode node) {
        String head = node.output().name() + " : " + node.output().dtype() + node.output().sizes() + " = ";
        return head + switch (node) {
            case LoopNode.Pointwise p -> "pointwise" + p.sizes() + " [" + p.store() + "] <- " + p.body();
            case LoopNode.Reduction r ->
                r.op().name().toLowerCase(java.util.Locale.ROOT) + r.sizes() + " over " + r.reduced() + " <- " + r.body();
            case LoopNode.Linear l -> "linear m=" + l.m() + " n=" + l.n() + " k=" + l.k() + " a=" + l.a()
                + (l.right().panels().isEmpty() ? " weight=" + l.weight() + (l.right().transposed() ? "^T" : "")
                    : " b=" + l.right().operand())
                + l.groups().map(g -> " groups of " + g.size() + " with " + g.parameters()).orElse("");
            case LoopNode.Convolution c -> "convolution " + c.window() + " groups=" + c.groups() + " input=" + c.input()
                + " weight=" + c.weight();
            case LoopNode.BatchedMatmul b -> "matmul left=" + b.left() + " right=" + b.right();
            case LoopNode.Scan s -> "scan " + s.op().name().toLowerCase(java.util.Locale.ROOT) + s.sizes() + " along "
                + s.count() + " [" + s.store() + "] <- " + s.body();
            case LoopNode.Sort s -> "sort" + s.sizes() + " along " + s.count() + (s.descending() ? " descending" : "")
                + " keeps " + s.kept() + " [" + s.store() + "] <- " + s.key();
            case LoopNode.Scatter s -> "scatter" + s.op().map(o -> " " + o.text()).orElse("") + s.sizes() + " along "
                + s.count() + " [" + s.store() + " | " + s.place() + "] <- " + s.body();
            case LoopNode.Recurrent r -> "recurrent " + r.mode().name().toLowerCase(java.util.Locale.ROOT)
                + (r.reverse() ? " reverse " : " ") + r.operands() + r.lengths().map(l -> " lengths=" + l).orElse("");
            case LoopNode.Fourier f -> "fourier " + f.rule().name().toLowerCase(java.util.Locale.ROOT)
                + (f.inverse() ? " inverse" : "") + f.sizes() + " along " + f.count() + " [" + f.store() + "] <- " + f.key();
            case LoopNode.Suppression s -> "suppress overlaps " + s.corners() + " alive=" + s.alive() + " limit=" + s.limit()
                + " most=" + s.most();
            case LoopNode.DataSize d -> d.rule().name().toLowerCase(java.util.Locale.ROOT) + "[" + d.size() + "] "
                + d.symbol() + " <- " + d.body();
            case LoopNode.Attention a -> "attention scale=" + a.scale() + " q=" + a.query() + " k=" + a.key() + " v="
                + a.value() + a.mask().map(m -> " mask=" + m).orElse("");
        };
    }
}
